#include "protocol/schedule.h"
