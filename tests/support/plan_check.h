// plan_check.h: is a plan's memory sound? Lifetimes are worked out anew from the graph, not taken from the plan's own.
// May assume: cmocka. Never runs the plan.
#ifndef ONR_TESTS_SUPPORT_PLAN_CHECK_H
#define ONR_TESTS_SUPPORT_PLAN_CHECK_H

#include "plan/plan.h"

/// Fails the running test unless: pieces of memory that live at the same step share no byte; values share memory only as views
/// of the same content, or where an operator takes over an input that dies at that step; scratch memory is apart from all that
/// lives; everything is aligned and within the arena. `what` stands in the message.
void plan_check_sound(const char *what, const onr_plan *p);

#endif
