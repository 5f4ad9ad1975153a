#include "serve/heap.h"

#include <malloc.h>

#include <cstdlib>

namespace acme::serve {

void hand_back_heap() {
#ifdef __GLIBC__
  malloc_trim(0);
  // What lies between is in one unsorted list now. The first large allocation of each worker would
  // sort it, write to every page of it and so get a copy of its own: it is done here.
  constexpr std::size_t kLarge = 64 * 1024;       // below what is mapped by itself
  constexpr std::size_t kSortedAtATime = 10'000;  // MAX_ITERS of glibc's malloc
  for (std::size_t left = mallinfo2().ordblks / kSortedAtATime + 1; left > 0; --left) {
    void* volatile large = std::malloc(kLarge);
    std::free(large);
  }
#endif
}

}  // namespace acme::serve
