// sanitizer_options.c: defaults of the sanitizers for the programs of this project; linked into sanitized builds only.
// May assume: the runtimes look for functions of these names. Never part of the library.
__attribute__((visibility("default"))) const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__ubsan_default_options(void);

// A request that is too large returns NULL, as without the sanitizer: a hostile model asks for it, and gets an error message.
const char *__asan_default_options(void) { return "allocator_may_return_null=1:detect_stack_use_after_return=1"; }

const char *__ubsan_default_options(void) { return "print_stacktrace=1"; }
