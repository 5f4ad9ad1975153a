// Changes that are there whole or not at all, whatever fails on the way.
// One writer per store (its lock), so temporary names need not be unique.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "store/directory.h"

namespace acme {

// "order.json" → ".order.json.tmp": hidden from every reader, swept by the next writer.
std::string temporary_name(std::string_view name);
bool is_temporary_name(std::string_view name);

// Temporary file, fsync, rename, fsync of the folder. 0600 whatever the umask.
Outcome replace_file(const Directory& dir, std::string_view name, std::string_view bytes);
// Written and fsynced under its own name: for a folder that nobody sees yet.
Outcome write_file(const Directory& dir, std::string_view name, std::string_view bytes);
// A symbolic link, switched by one rename.
Outcome replace_link(const Directory& dir, std::string_view name, std::string_view target);
// A rename inside one folder, made durable.
Outcome rename_durably(const Directory& dir, std::string_view from, std::string_view to);
// A file, a link, or a folder with all that is in it, piece by piece. What is
// not there is no error.
Outcome remove_tree(const Directory& dir, std::string_view name);
// The same for what others may see: hidden by one rename first, so that it is
// never seen in part.
Outcome discard(const Directory& dir, std::string_view name);

}  // namespace acme
