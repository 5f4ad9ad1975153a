// Makes a program wipe all memory that it frees. To be included by exactly one
// source file of a program that holds private keys (the keeper), never by a
// library: it replaces the program's free() and realloc().
//
// OpenSSL 3.0 and José leave copies of a key's numbers behind when they read or
// write it, in buffers that only they see; this is the one place where all of
// these pass (tests/unit/crypto/wipe_test.cpp looks for the key's bytes).
#pragma once

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

// Not under a sanitizer, which brings its own allocator and keeps what was
// freed; not with musl, which has no other name for its own free().
#if defined(ACME_SANITIZED) || !defined(__GLIBC__)
#define ACME_WIPING_FREE 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define ACME_WIPING_FREE 0
#endif
#endif
#ifndef ACME_WIPING_FREE
#define ACME_WIPING_FREE 1
#endif

#if ACME_WIPING_FREE

extern "C" {

void __libc_free(void* memory);

[[gnu::visibility("default")]] void free(void* memory) noexcept {
  if (!memory) return;
  explicit_bzero(memory, malloc_usable_size(memory));
  __libc_free(memory);
}

[[gnu::visibility("default")]] void* realloc(void* memory, size_t size) noexcept {
  size_t old_size = malloc_usable_size(memory);  // 0 of null
  if (memory && size > 0 && size <= old_size) return memory;
  void* moved = size > 0 ? malloc(size) : nullptr;
  if (size > 0 && !moved) return nullptr;
  if (moved && memory) memcpy(moved, memory, old_size);
  free(memory);
  return moved;
}

}  // extern "C"

#endif
