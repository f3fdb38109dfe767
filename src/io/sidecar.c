// sidecar.c: reads the JSON files beside models, through cJSON.
// May assume: nothing about the bytes. Never fails because a file is absent.
#include "io/sidecar.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_SIDE = 65536 }; // of a picture, in pixels

// Parses a file; *out stays NULL when there is no such file.
static onnxrun_status read_json(const char *path, cJSON **out, onnxrun_error *err) {
    onr_map_file f;
    *out = NULL;
    if (access(path, F_OK) != 0) return ONNXRUN_OK;
    onnxrun_status st = onr_io_open(path, &f, err);
    if (st != ONNXRUN_OK) return st;
    const char *end = NULL;
    if (f.bytes) *out = cJSON_ParseWithLengthOpts((const char *)f.data, f.bytes, &end, 0);
    if (!*out) {
        st = onr_io_fail(err, ONNXRUN_INVALID, "%s: not valid JSON near byte %zu", path,
                         end ? (size_t)(end - (const char *)f.data) : 0);
    } else if (!cJSON_IsObject(*out)) {
        st = onr_io_fail(err, ONNXRUN_INVALID, "%s: not a JSON object", path);
        cJSON_Delete(*out);
        *out = NULL;
    }
    onr_io_close(&f);
    return st;
}

// One number for all channels, or an array of one or three.
static bool read_numbers(const cJSON *item, double out[3]) {
    if (cJSON_IsNumber(item)) {
        out[0] = out[1] = out[2] = item->valuedouble;
        return true;
    }
    int n = cJSON_IsArray(item) ? cJSON_GetArraySize(item) : 0;
    if (n != 1 && n != 3) return false;
    for (int i = 0; i < 3; i++) {
        const cJSON *x = cJSON_GetArrayItem(item, n == 1 ? 0 : i);
        if (!cJSON_IsNumber(x)) return false;
        out[i] = x->valuedouble;
    }
    return true;
}

static bool read_size(const cJSON *item, onr_sidecar *out) {
    const cJSON *h = cJSON_GetArrayItem(item, 0), *w = cJSON_GetArrayItem(item, 1);
    if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != 2 || !cJSON_IsNumber(h) || !cJSON_IsNumber(w)) return false;
    out->prepare.height = h->valueint;
    out->prepare.width = w->valueint;
    out->has_size = true;
    return h->valueint > 0 && h->valueint <= MAX_SIDE && w->valueint > 0 && w->valueint <= MAX_SIDE;
}

// Either of two words; *second tells which.
static bool read_word(const cJSON *item, const char *no, const char *yes, bool *second) {
    if (!cJSON_IsString(item)) return false;
    *second = strcmp(item->valuestring, yes) == 0;
    return *second || strcmp(item->valuestring, no) == 0;
}

// The labels' path is relative to the model's folder.
static bool read_labels(const cJSON *item, const char *model_path, onr_sidecar *out) {
    if (!cJSON_IsString(item)) return false;
    const char *slash = strrchr(model_path, '/');
    size_t folder = slash && item->valuestring[0] != '/' ? (size_t)(slash + 1 - model_path) : 0, n = strlen(item->valuestring);
    onr_io_free(out->labels);
    out->labels = onr_io_alloc(folder + n + 1, 1);
    if (!out->labels) return false;
    memcpy(out->labels, model_path, folder);
    memcpy(out->labels + folder, item->valuestring, n);
    return true;
}

static bool read_channels(const cJSON *item, onr_sidecar *out) {
    out->has_channels = true;
    out->prepare.channels = 3;
    if (cJSON_IsString(item) && strcmp(item->valuestring, "L") == 0) {
        out->prepare.channels = 1;
        return true;
    }
    return read_word(item, "RGB", "BGR", &out->prepare.bgr);
}

static bool read_key(const cJSON *item, const char *model_path, onr_sidecar *out) {
    const char *key = item->string;
    onr_prepare *p = &out->prepare;
    if (strcmp(key, "version") == 0) return cJSON_IsNumber(item) && item->valuedouble == 1;
    if (strcmp(key, "labels") == 0) return read_labels(item, model_path, out);
    if (strcmp(key, "mean") == 0) return read_numbers(item, p->mean);
    if (strcmp(key, "std") == 0) return read_numbers(item, p->std) && p->std[0] != 0 && p->std[1] != 0 && p->std[2] != 0;
    if (strcmp(key, "scale") == 0) return cJSON_IsNumber(item) && isfinite(p->scale = item->valuedouble);
    if (strcmp(key, "layout") == 0) return out->has_layout = true, read_word(item, "NCHW", "NHWC", &p->nhwc);
    if (strcmp(key, "channels") == 0) return read_channels(item, out);
    if (strcmp(key, "size") == 0) return read_size(item, out);
    if (strcmp(key, "resize") == 0) return cJSON_IsNumber(item) && (p->resize = item->valueint) > 0 && p->resize <= MAX_SIDE;
    return false;
}

onnxrun_status onr_sidecar_read(const char *model_path, onr_sidecar *out, onnxrun_error *err) {
    memset(out, 0, sizeof *out);
    out->prepare = onr_prepare_default();
    char path[4096];
    cJSON *json;
    if (snprintf(path, sizeof path, "%s.json", model_path) >= (int)sizeof path) return ONNXRUN_OK;
    onnxrun_status st = read_json(path, &json, err);
    if (st != ONNXRUN_OK || !json) return st;
    out->found = true;
    for (const cJSON *item = json->child; item && st == ONNXRUN_OK; item = item->next) {
        if (!read_key(item, model_path, out)) {
            st = onr_io_fail(err, ONNXRUN_INVALID, "%s: the key '%s' is unknown or has a wrong value", path, item->string);
        }
    }
    if (st == ONNXRUN_OK && !cJSON_HasObjectItem(json, "version"))
        st = onr_io_fail(err, ONNXRUN_INVALID, "%s: no 'version'", path);
    cJSON_Delete(json);
    if (st != ONNXRUN_OK) onr_sidecar_free(out);
    return st;
}

void onr_sidecar_free(onr_sidecar *s) {
    onr_io_free(s->labels);
    memset(s, 0, sizeof *s);
}

onnxrun_status onr_tolerance_read(const char *path, double *rtol, double *atol, onnxrun_error *err) {
    cJSON *json;
    onnxrun_status st = read_json(path, &json, err);
    if (st != ONNXRUN_OK || !json) return st;
    const cJSON *r = cJSON_GetObjectItem(json, "rtol"), *a = cJSON_GetObjectItem(json, "atol");
    if (cJSON_IsNumber(r)) *rtol = r->valuedouble;
    if (cJSON_IsNumber(a)) *atol = a->valuedouble;
    cJSON_Delete(json);
    return ONNXRUN_OK;
}
