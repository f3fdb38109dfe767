// manual.h: the manual page, made of the same tables as every -h.
#ifndef ONR_CLI_MANUAL_H
#define ONR_CLI_MANUAL_H

/// Prints onnxrun.1, in man(7)'s macros, on standard output: what `onnxrun help --man` is, which the build calls.
void onr_manual_print(void);

#endif
