// cmocka.h: cmocka with the headers that it wants before itself.
// May assume: included after the headers under test. Never defines anything of its own.
#ifndef ONR_TESTS_SUPPORT_CMOCKA_H
#define ONR_TESTS_SUPPORT_CMOCKA_H

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#endif
