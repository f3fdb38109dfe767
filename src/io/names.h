// names.h: strings that live together, and a number for each name that was added.
#ifndef ONR_IO_NAMES_H
#define ONR_IO_NAMES_H

#include <stddef.h>
#include <stdint.h>

typedef struct onr_names onr_names;

/// NULL: no memory.
onr_names *onr_names_new(void);
/// NULL is allowed.
void onr_names_free(onr_names *n);
/// A copy of a string that lives as long as n; NULL: no memory.
const char *onr_names_copy(onr_names *n, const char *text);
/// The number of a name, 0 when it is new (copied). It stays in its place until the next name is added. NULL: no memory.
int64_t *onr_names_add(onr_names *n, const char *name);
/// The number of a name, or NULL when it was never added.
int64_t *onr_names_find(const onr_names *n, const char *name);

#endif
