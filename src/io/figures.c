// figures.c: reads the tool's own JSON back, through cJSON.
// May assume: nothing about the bytes. Never hands on a text that is not valid JSON of the right kind.
#include "io/figures.h"

#include "io/file.h"

#include <cjson/cJSON.h>
#include <string.h>

// What tells one kind from another: its list, and what each item of it is known by.
static const struct {
    const char *command, *list, *name, *number;
} kinds[] = {
    [ONR_FIGURES_PROFILE] = {"profile", "steps", "node", "ms"},
    [ONR_FIGURES_COMPARE] = {"compare", "tensors", "name", NULL},
};

static bool is_of_kind(const cJSON *json, onr_figures_kind kind) {
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(json, "version");
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, kinds[kind].list);
    if (!cJSON_IsNumber(version) || version->valuedouble != 1 || !cJSON_IsArray(list)) return false;
    for (const cJSON *item = list->child; item; item = item->next) {
        const char *number = kinds[kind].number;
        if (!cJSON_IsString(cJSON_GetObjectItemCaseSensitive(item, kinds[kind].name))) return false;
        if (number && !cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(item, number))) return false;
    }
    return true;
}

onnxrun_status onr_figures_read(const char *path, onr_figures_kind kind, char **out, onnxrun_error *err) {
    onr_map_file f;
    onnxrun_status st = onr_io_open(path, &f, err);
    if (st != ONNXRUN_OK) return st;
    cJSON *json = f.bytes ? cJSON_ParseWithLength((const char *)f.data, f.bytes) : NULL;
    onr_io_close(&f);
    if (!json) return onr_io_fail(err, ONNXRUN_INVALID, "%s: not valid JSON", path);
    char *text = NULL;
    if (!is_of_kind(json, kind)) {
        st = onr_io_fail(err, ONNXRUN_INVALID, "%s: not what onnxrun %s --json prints (version 1, with a list '%s')", path,
                         kinds[kind].command, kinds[kind].list);
    } else {
        text = cJSON_PrintUnformatted(json); // again, so that nothing behind the end of it goes along
        *out = text ? onr_io_strdup(text) : NULL;
        if (!*out) st = onr_io_no_memory(err, 0);
    }
    cJSON_free(text);
    cJSON_Delete(json);
    return st;
}
