// explain.c: the story of a session's optimization, where a command tells it.
// May assume: the session was opened through onr_open_options. Never changes it.
#include "cli/explain.h"

static bool print_piece(void *user, const char *text, size_t bytes) { return fwrite(text, 1, bytes, user) == bytes; }

static bool collect(void *user, const char *text, size_t bytes) {
    onr_str_addn(user, text, bytes);
    return true;
}

onnxrun_status onr_explain_print(const onr_args *args, const onnxrun_session *s, FILE *to, onnxrun_error *err) {
    return args->explain_opt && !args->json ? onnxrun_explain(s, "text", print_piece, to, err) : ONNXRUN_OK;
}

onnxrun_status onr_explain_member(const onr_args *args, const onnxrun_session *s, onr_str *out, onnxrun_error *err) {
    if (!args->explain_opt) return ONNXRUN_OK;
    onr_str_add(out, ",\n \"optimization\": ");
    onnxrun_status st = onnxrun_explain(s, "json", collect, out, err);
    if (out->n && out->s[out->n - 1] == '\n') out->s[--out->n] = '\0';
    return st;
}
