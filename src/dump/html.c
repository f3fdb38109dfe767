// html.c: the page that draws a stage in a browser: the viewer of src/dump/viewer, with JSON in it.
// May assume: the viewer's page has the marks @STYLE@, @DATA@ and @SCRIPT@, in this order. Never lets a name of the model end
// the element that it stands in: data are JSON in scripts of a type that browsers do not run, without a single '<'.
#include "dump/memory.h"

#include "viewer.inc"

#include <string.h>

/// '<' stands only in strings of JSON, where its escape means the same.
static void add_escaped(onr_str *out, const char *json) {
    for (const char *p = json; *p;) {
        const size_t n = strcspn(p, "<");
        onr_str_addn(out, p, n);
        p += n;
        if (*p == '<') {
            onr_str_add(out, "\\u003c");
            p++;
        }
    }
}

static void data_script(const char *id, const char *json, onr_str *out) {
    onr_str_printf(out, "<script type=\"application/json\" id=\"%s\">", id);
    add_escaped(out, json ? json : "");
    onr_str_add(out, "</script>\n");
}

static void stage_script(const char *id, const onr_dump_source *s, void (*write)(const onr_dump_source *s, onr_str *out),
                         onr_str *out) {
    onr_str json = {0};
    if (s) write(s, &json);
    data_script(id, json.s, out);
    out->failed |= json.failed;
    onr_str_free(&json);
}

/// A plan is drawn on its graph.
static void all_data(const onr_dump_source *s, const onr_dump_figures *figures, onr_str *out) {
    onr_dump_source graph = *s;
    graph.statistics = true;
    if (s->plan) graph.stage = ONR_STAGE_OPTIMIZED;
    stage_script("dump", &graph, onr_dump_json, out);
    stage_script("plan", s->plan ? s : NULL, onr_dump_json, out);
    stage_script("memory", s->plan ? s : NULL, onr_memory_json, out);
    data_script("profile", figures->profile, out);
    data_script("compare", figures->compare, out);
}

/// Copies the page up to a mark; returns what stands behind it.
static const unsigned char *copy_to(const unsigned char *from, const unsigned char *end, const char *mark, onr_str *out) {
    const unsigned char *at = memmem(from, (size_t)(end - from), mark, strlen(mark));
    if (!at) return from;
    onr_str_addn(out, (const char *)from, (size_t)(at - from));
    return at + strlen(mark);
}

void onr_dump_html(const onr_dump_source *s, const onr_dump_figures *figures, onr_str *out) {
    const unsigned char *at = viewer_html, *end = at + sizeof viewer_html;
    at = copy_to(at, end, "@STYLE@", out);
    onr_str_addn(out, (const char *)viewer_css, sizeof viewer_css);
    at = copy_to(at, end, "@DATA@", out);
    all_data(s, figures, out);
    at = copy_to(at, end, "@SCRIPT@", out);
    onr_str_addn(out, (const char *)viewer_js, sizeof viewer_js);
    onr_str_addn(out, (const char *)at, (size_t)(end - at));
}
