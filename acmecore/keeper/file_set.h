// Files of a folder that belong together (a chain and its key), replaced as one: who reads them
// at any moment, also after a power cut, has all of one version.
//
//   FOLDER/fullchain.pem -> .current/fullchain.pem     the stable names, never changed again
//   FOLDER/.current -> .versions/00000002              switched by one rename
//   FOLDER/.versions/00000002/fullchain.pem            and the one before, for who is reading it
#pragma once

#include <sys/types.h>

#include <span>
#include <string_view>

#include "base/result.h"
#include "store/directory.h"

namespace acme::keeper {

struct SetFile {
  std::string_view name;
  std::string_view bytes;
  mode_t mode;
};

// Where something fails, what was there stays. Regular files that have these names, from an earlier
// version or another program, become links to themselves first. Errc::unsafe, and nothing is
// written, where a name is anything else; Errc::busy where another one writes there.
Outcome replace_as_one(const Directory& dir, std::span<const SetFile> files);

}  // namespace acme::keeper
