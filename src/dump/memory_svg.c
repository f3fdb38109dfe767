// memory_svg.c: a picture of the arena over time: steps to the right, offsets upwards, one box for each piece of memory.
// May assume: a finished plan. Never needs a script or another file to be shown.
#include "dump/memory.h"

#include "dump/show.h"

#include <string.h>

enum { WIDTH = 1200, HEIGHT = 640, LEFT = 90, RIGHT = 20, TOP = 64, BOTTOM = 56, TICKS = 5, STEP_TICKS = 10 };
static const double LETTER = 6.2; // width of one at 11 px, about

typedef struct canvas {
    const onr_plan *p;
    onr_str *out;
    double step, byte; // pixels of one
} canvas;

static double x_of(const canvas *c, double step) { return LEFT + step * c->step; }
static double y_of(const canvas *c, double bytes) { return HEIGHT - BOTTOM - bytes * c->byte; }

/// At most n bytes of text as XML, an ellipsis behind what was cut; never half of a UTF-8 character.
static void xml(onr_str *out, const char *s, size_t n) {
    size_t length = strlen(s), end = length < n ? length : n;
    while (end < length && end > 0 && ((unsigned char)s[end] & 0xC0) == 0x80) end--;
    for (size_t i = 0; i < end; i++) {
        unsigned char ch = (unsigned char)s[i];
        if (ch == '<')
            onr_str_add(out, "&lt;");
        else if (ch == '>')
            onr_str_add(out, "&gt;");
        else if (ch == '&')
            onr_str_add(out, "&amp;");
        else if (ch >= 32)
            onr_str_addn(out, &s[i], 1);
    }
    if (end < length) onr_str_add(out, "…");
}

/// At most n bytes of a name: its end, which tells it from its neighbours.
static void label(onr_str *out, const char *name, size_t n) {
    size_t length = strlen(name), from = length > n ? length - n + 1 : 0;
    while (((unsigned char)name[from] & 0xC0) == 0x80) from++;
    if (from) onr_str_add(out, "…");
    xml(out, name + from, length);
}

static void head(canvas *c, const onr_dump_source *s) {
    char a[32], b[32], w[32];
    onr_str_printf(c->out,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
                   "font-family=\"sans-serif\" font-size=\"11\" fill=\"#222\">\n<rect width=\"100%%\" height=\"100%%\" "
                   "fill=\"#fff\"/>\n<text x=\"%d\" y=\"24\" font-size=\"16\">",
                   WIDTH, HEIGHT, WIDTH, HEIGHT, LEFT);
    xml(c->out, s->model->path, 100);
    onr_str_printf(c->out, "</text>\n<text x=\"%d\" y=\"44\">arena %s, at most %s alive at once (step %d); weights %s</text>\n",
                   LEFT, onr_str_bytes(a, c->p->arena_bytes), onr_str_bytes(b, c->p->live_peak_bytes), c->p->peak_step,
                   onr_str_bytes(w, s->packed_bytes + c->p->constant_bytes));
    static const char *const legend[][2] = {{"#9ecae1", "activation"}, {"#a1d99b", "output"}, {"#d9d9d9", "scratch"}};
    for (int i = 0; i < 3; i++)
        onr_str_printf(c->out,
                       "<rect x=\"%d\" y=\"34\" width=\"12\" height=\"12\" fill=\"%s\" stroke=\"#555\"/><text x=\"%d\" "
                       "y=\"44\">%s</text>\n",
                       WIDTH - 420 + 90 * i, legend[i][0], WIDTH - 404 + 90 * i, legend[i][1]);
    onr_str_printf(c->out,
                   "<path d=\"M%d 40h16\" stroke=\"#d62728\" stroke-width=\"2\"/><text x=\"%d\" y=\"44\">sum alive</text>\n",
                   WIDTH - 150, WIDTH - 130);
}

static void axes(canvas *c) {
    char bytes[32];
    const int32_t n = c->p->n_steps + 1;
    for (int i = 0; i <= TICKS; i++) {
        double at = (double)c->p->arena_bytes * i / TICKS;
        onr_str_printf(c->out,
                       "<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                       LEFT, y_of(c, at), WIDTH - RIGHT, LEFT - 6, y_of(c, at) + 4, onr_str_bytes(bytes, (uint64_t)at));
    }
    int32_t every = n / STEP_TICKS > 0 ? n / STEP_TICKS : 1;
    for (int32_t s = 0; s < n; s += every)
        onr_str_printf(c->out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d</text>\n", x_of(c, s + 0.5),
                       HEIGHT - BOTTOM + 16, s);
    onr_str_printf(c->out,
                   "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">step (the last is the end: outputs are read)</text>\n",
                   (LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 36);
}

static void box(canvas *c, const onr_piece *piece) {
    char bytes[32];
    double w = (piece->last - piece->first + 1) * c->step, h = (double)piece->bytes * c->byte;
    double x = x_of(c, piece->first), y = y_of(c, (double)(piece->offset + piece->bytes));
    const char *fill = piece->is_scratch ? "#d9d9d9" : piece->is_output ? "#a1d99b" : "#9ecae1";
    onr_str_printf(c->out, "<g><title>%s", piece->is_scratch ? "scratch of " : "");
    xml(c->out, piece->name, 200);
    onr_str_printf(c->out, ": %s at +%zu, steps %d to %d", onr_str_bytes(bytes, piece->bytes), piece->offset, piece->first,
                   piece->last);
    if (piece->n_values > 1) onr_str_printf(c->out, ", shared by %d values", piece->n_values);
    onr_str_printf(c->out,
                   "</title><rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\" stroke=\"#555\" "
                   "stroke-width=\"0.5\"/>",
                   x, y, w, h, fill);
    size_t fits = w > 12 ? (size_t)((w - 8) / LETTER) : 0;
    if (h >= 13 && fits >= 4) {
        onr_str_printf(c->out, "<text x=\"%.1f\" y=\"%.1f\">", x + 4, y + h / 2 + 4);
        label(c->out, piece->name, fits);
        onr_str_add(c->out, "</text>");
    }
    onr_str_add(c->out, "</g>\n");
}

/// The sum of what is alive, step by step, and where it is largest.
static void curve(canvas *c, const onr_piece *list) {
    const onr_plan *p = c->p;
    double *sum = onr_malloc(((size_t)p->n_steps + 2) * sizeof *sum);
    if (!sum) {
        c->out->failed = true;
        return;
    }
    for (int32_t s = 0; s <= p->n_steps + 1; s++) sum[s] = 0;
    for (size_t i = 0; i < p->n_intervals; i++) { // differences first, then sums
        sum[list[i].first] += (double)list[i].bytes;
        sum[list[i].last + 1 <= p->n_steps + 1 ? list[i].last + 1 : p->n_steps + 1] -= (double)list[i].bytes;
    }
    onr_str_add(c->out, "<path fill=\"none\" stroke=\"#d62728\" stroke-width=\"1.5\" d=\"");
    double alive = 0;
    for (int32_t s = 0; s <= p->n_steps; s++) {
        alive += sum[s];
        onr_str_printf(c->out, "%s%.1f %.1fH%.1f", s ? "L" : "M", x_of(c, s), y_of(c, alive), x_of(c, s + 1));
    }
    onr_str_printf(c->out, "\"/>\n<path d=\"M%.1f %dV%d\" stroke=\"#d62728\" stroke-dasharray=\"4 3\"/>\n",
                   x_of(c, p->peak_step + 0.5), TOP - 6, HEIGHT - BOTTOM);
    bool right = x_of(c, p->peak_step) > WIDTH * 0.6; // the words go where there is room
    onr_str_printf(c->out, "<text x=\"%.1f\" y=\"%d\" fill=\"#d62728\" text-anchor=\"%s\">peak: ",
                   x_of(c, p->peak_step + 0.5) + (right ? -5 : 5), TOP + 2, right ? "end" : "start");
    xml(c->out, p->peak_step < p->n_steps ? p->steps[p->peak_step].op.node->name : "the end", 60);
    onr_str_add(c->out, "</text>\n");
    onr_free(sum);
}

void onr_memory_svg(const onr_dump_source *s, onr_str *out) {
    const onr_plan *p = s->plan;
    canvas c = {.p = p, .out = out};
    onr_piece *list = onr_memory_pieces(p);
    out->failed |= !list;
    c.step = (double)(WIDTH - LEFT - RIGHT) / (p->n_steps + 1);
    c.byte = (double)(HEIGHT - TOP - BOTTOM - 12) / (p->arena_bytes ? (double)p->arena_bytes : 1.0);
    head(&c, s);
    axes(&c);
    for (size_t i = 0; list && i < p->n_intervals; i++) box(&c, &list[i]);
    if (list && p->n_intervals) curve(&c, list);
    onr_str_add(out, "</svg>\n");
    onr_free(list);
}
