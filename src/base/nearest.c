// nearest.c: edit distance between names.
// May assume: nothing. Never allocates: names of more than a few hundred letters are only looked for within each other.
#include "base/nearest.h"

#include <string.h>

enum { MAX = 300 };

/// Levenshtein's distance.
static size_t distance(const char *a, size_t na, const char *b, size_t nb) {
    size_t row[MAX + 1];
    for (size_t j = 0; j <= nb; j++) row[j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[nb];
}

void onr_nearest_try(onr_nearest_name *n, const char *candidate) {
    enum { WITHIN = MAX }; // worse than any few wrong letters, better than nothing; the shorter the better
    size_t na = strlen(n->word), nb = strlen(candidate), allowed = na < 4 ? 1 : na < 8 ? 2 : na / 4, d = 2 * MAX;
    size_t apart = na > nb ? na - nb : nb - na;
    if (na == 0) return;
    if (na <= MAX && nb <= MAX && apart <= allowed) d = distance(n->word, na, candidate, nb);
    if (d > allowed) d = na >= 3 && nb >= 3 && (strstr(candidate, n->word) || strstr(n->word, candidate)) ? WITHIN + apart : 0;
    if (d == 0 || (n->best && d >= n->distance)) return;
    n->best = candidate;
    n->distance = d;
}
