// test_onnx_proto.c: proto/onnx.proto has the numbers of the format: compared with Debian's python3-onnx, and with a list of
// what came later. May assume: ONR_PYTHON; the comparison is skipped where the Python package is missing. Never reads the
// .proto file itself.
#include "onnx.pb-c.h"

#include "support/cmocka.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ProtobufCMessageDescriptor *const messages[] = {
    &onnx__attribute_proto__descriptor,
    &onnx__value_info_proto__descriptor,
    &onnx__node_proto__descriptor,
    &onnx__training_info_proto__descriptor,
    &onnx__model_proto__descriptor,
    &onnx__string_string_entry_proto__descriptor,
    &onnx__tensor_annotation__descriptor,
    &onnx__graph_proto__descriptor,
    &onnx__tensor_proto__descriptor,
    &onnx__tensor_proto__segment__descriptor,
    &onnx__sparse_tensor_proto__descriptor,
    &onnx__tensor_shape_proto__descriptor,
    &onnx__tensor_shape_proto__dimension__descriptor,
    &onnx__type_proto__descriptor,
    &onnx__type_proto__tensor__descriptor,
    &onnx__type_proto__sequence__descriptor,
    &onnx__type_proto__map__descriptor,
    &onnx__type_proto__optional__descriptor,
    &onnx__type_proto__sparse_tensor__descriptor,
    &onnx__type_proto__opaque__descriptor,
    &onnx__operator_set_id_proto__descriptor,
    &onnx__function_proto__descriptor,
    &onnx__device_configuration_proto__descriptor,
    &onnx__node_device_configuration_proto__descriptor,
    &onnx__sharding_spec_proto__descriptor,
    &onnx__sharded_dim_proto__descriptor,
    &onnx__simple_sharded_dim_proto__descriptor,
    &onnx__int_int_list_entry_proto__descriptor,
    &onnx__sequence_proto__descriptor,
    &onnx__map_proto__descriptor,
    &onnx__optional_proto__descriptor,
};

static const ProtobufCEnumDescriptor *const enums[] = {
    &onnx__attribute_proto__attribute_type__descriptor, &onnx__tensor_proto__data_type__descriptor,
    &onnx__tensor_proto__data_location__descriptor,     &onnx__sequence_proto__data_type__descriptor,
    &onnx__optional_proto__data_type__descriptor,
};

#define LENGTH(a) (sizeof(a) / sizeof *(a))

static const ProtobufCFieldDescriptor *find_field(const char *message, const char *field) {
    for (size_t i = 0; i < LENGTH(messages); i++)
        if (strcmp(messages[i]->name + strlen("onnx."), message) == 0)
            return protobuf_c_message_descriptor_get_field_by_name(messages[i], field);
    return NULL;
}

static const ProtobufCEnumValue *find_enum(const char *name, const char *value) {
    for (size_t i = 0; i < LENGTH(enums); i++)
        if (strcmp(enums[i]->name + strlen("onnx."), name) == 0)
            return protobuf_c_enum_descriptor_get_value_by_name(enums[i], value);
    return NULL;
}

// The numbers of FieldDescriptorProto.Type (protobuf's descriptor.proto) that ONNX uses.
static ProtobufCType type_of(int number) {
    switch (number) {
    case 1: return PROTOBUF_C_TYPE_DOUBLE;
    case 2: return PROTOBUF_C_TYPE_FLOAT;
    case 3: return PROTOBUF_C_TYPE_INT64;
    case 4: return PROTOBUF_C_TYPE_UINT64;
    case 5: return PROTOBUF_C_TYPE_INT32;
    case 9: return PROTOBUF_C_TYPE_STRING;
    case 11: return PROTOBUF_C_TYPE_MESSAGE;
    case 12: return PROTOBUF_C_TYPE_BYTES;
    case 14: return PROTOBUF_C_TYPE_ENUM;
    default: return PROTOBUF_C_TYPE_SINT32; // not used
    }
}

static void check_field(const char *line) {
    char message[80], field[80], label[16], packed[16], oneof[40];
    unsigned number;
    int type;
    if (sscanf(line, "field %79s %79s %u %d %15s %15s %39s", message, field, &number, &type, label, packed, oneof) != 7)
        fail_msg("cannot read: %s", line);
    const ProtobufCFieldDescriptor *f = find_field(message, field);
    if (!f) fail_msg("%s.%s is missing", message, field);
    bool repeated = f->label == PROTOBUF_C_LABEL_REPEATED, is_packed = f->flags & PROTOBUF_C_FIELD_FLAG_PACKED;
    bool in_oneof = f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
    if (f->id != number || f->type != type_of(type) || repeated != (strcmp(label, "repeated") == 0) ||
        is_packed != (strcmp(packed, "packed") == 0) || in_oneof != (strcmp(oneof, "-") != 0))
        fail_msg("%s.%s differs: %s", message, field, line);
}

static void check_enum(const char *line) {
    char name[80], value[80];
    int number;
    if (sscanf(line, "enum %79s %79s %d", name, value, &number) != 3) fail_msg("cannot read: %s", line);
    const ProtobufCEnumValue *v = find_enum(name, value);
    if (!v || v->value != number) fail_msg("%s.%s is missing or has another number than %d", name, value, number);
}

static void agrees_with_python_onnx(void **state) {
    (void)state;
    FILE *p = popen(ONR_PYTHON " " ONR_SOURCE_DIR "/tests/support/onnx_fields.py", "r");
    assert_non_null(p);
    char line[400];
    int n = 0;
    for (; fgets(line, sizeof line, p); n++) {
        if (strncmp(line, "field ", 6) == 0)
            check_field(line);
        else
            check_enum(line);
    }
    pclose(p);
    print_message("%d fields and enum values\n", n);
    if (n == 0) skip();
    assert_true(n > 150);
}

// What Debian's version (IR 8) does not know yet; numbers from ONNX 1.20's published schema.
static void later_fields(void **state) {
    (void)state;
    static const struct {
        const char *message, *field;
        unsigned number;
    } later[] = {
        {"ValueInfoProto", "metadata_props", 4},
        {"NodeProto", "overload", 8},
        {"NodeProto", "metadata_props", 9},
        {"NodeProto", "device_configurations", 10},
        {"GraphProto", "metadata_props", 16},
        {"TensorProto", "metadata_props", 16},
        {"FunctionProto", "attribute_proto", 11},
        {"FunctionProto", "value_info", 12},
        {"FunctionProto", "overload", 13},
        {"FunctionProto", "metadata_props", 14},
        {"ModelProto", "configuration", 26},
        {"DeviceConfigurationProto", "num_devices", 2},
        {"NodeDeviceConfigurationProto", "pipeline_stage", 3},
        {"ShardingSpecProto", "sharded_dim", 4},
    };
    for (size_t i = 0; i < LENGTH(later); i++) {
        const ProtobufCFieldDescriptor *f = find_field(later[i].message, later[i].field);
        if (!f || f->id != later[i].number) fail_msg("%s.%s", later[i].message, later[i].field);
    }
    static const char *const types[] = {"FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "UINT4",
                                        "INT4",         "FLOAT4E2M1",     "FLOAT8E8M0", "UINT2",          "INT2"};
    for (int i = 0; i < (int)LENGTH(types); i++) {
        const ProtobufCEnumValue *v = find_enum("TensorProto.DataType", types[i]);
        if (!v || v->value != 17 + i) fail_msg("%s", types[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_python_onnx), cmocka_unit_test(later_fields)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
