// test_ops_registry.c: the table of all operators: versions that follow each other without gaps or overlaps, and sane rows.
// May assume: nothing. Never looks at what operators do.
#include "ops/op.h"

#include <string.h>

#include "support/cmocka.h"

static void rows_are_sane(void **state) {
    (void)state;
    const onr_op *op;
    size_t n = 0;
    for (; (op = onr_op_at(n)); n++) {
        if (op->since < 1 || (op->until && op->until < op->since) || !op->infer || !op->run || op->in_min > 64 ||
            (op->in_max >= 0 && op->in_max < op->in_min) || (op->out_max >= 0 && op->out_max < op->out_min))
            fail_msg("%s-%d: broken row", op->name, op->since);
        if (onr_op_known_opset(op->domain) < op->since) fail_msg("%s-%d is newer than its domain", op->name, op->since);
        for (const onr_attr_spec *a = op->attrs; a && a->name; a++)
            if (a->offset >= op->params_size) fail_msg("%s-%d: attribute %s lies outside", op->name, op->since, a->name);
        if ((op->flags & ONR_OP_DYNAMIC) && (op->flags & ONR_OP_VIEW)) fail_msg("%s-%d: dynamic view", op->name, op->since);
    }
    assert_true(n > 100);
}

static void versions_do_not_overlap(void **state) {
    (void)state;
    const onr_op *a, *b;
    for (size_t i = 0; (a = onr_op_at(i)); i++)
        for (size_t k = i + 1; (b = onr_op_at(k)); k++) {
            if (strcmp(a->name, b->name) != 0 || strcmp(a->domain, b->domain) != 0) continue;
            const onr_op *low = a->since < b->since ? a : b, *high = low == a ? b : a;
            if (low->since == high->since || low->until == 0 || low->until >= high->since)
                fail_msg("%s: opsets %d to %d and %d to %d overlap", a->name, low->since, low->until, high->since, high->until);
        }
}

static void versions_have_no_gaps(void **state) {
    (void)state;
    const onr_op *a, *b;
    for (size_t i = 0; (a = onr_op_at(i)); i++) {
        if (a->until == 0) continue;
        bool followed = false, later = false;
        for (size_t k = 0; (b = onr_op_at(k)); k++) {
            if (strcmp(a->name, b->name) != 0 || strcmp(a->domain, b->domain) != 0) continue;
            followed |= b->since == a->until + 1;
            later |= b->since > a->until;
        }
        if (later && !followed) fail_msg("%s: nothing for opset %d", a->name, a->until + 1);
    }
}

static void find_by_opset(void **state) {
    (void)state;
    const onr_op *newest;
    assert_int_equal(onr_op_find("", "Add", 6, NULL)->since, 6);
    assert_int_equal(onr_op_find("ai.onnx", "Add", 12, NULL)->since, 7);
    assert_int_equal(onr_op_find("", "Add", 1000, NULL)->since, 14);
    assert_null(onr_op_find("", "Mish", 17, &newest));
    assert_string_equal(newest->name, "Mish");
    assert_null(onr_op_find("", "Nothing", 17, &newest));
    assert_null(newest);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_sane),
        cmocka_unit_test(versions_do_not_overlap),
        cmocka_unit_test(versions_have_no_gaps),
        cmocka_unit_test(find_by_opset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
