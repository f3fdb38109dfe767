// turns.h: base's two threads that take turns, for the tool.
#ifndef ONR_IO_TURNS_H
#define ONR_IO_TURNS_H

#include "base/turns.h"

#endif
