// Where a server's configuration mentions the module without a directive that the module sees: the
// line that loads it, its variables, its status page. Found by reading the files as the server
// does, from the first one on through all that are included.
#pragma once

#include <string>
#include <vector>

namespace acme::ctl {

struct Mention {
  enum class Kind {
    loads,      // load_module, LoadModule: goes with the module
    directive,  // goes with the module: acme_status of a location
    uses        // has to become something else: $acme_state, SetHandler acme-status
  } kind;
  std::string file;
  unsigned line = 0;
  std::string what;  // "load_module", "$acme_state"
};

// `file` is where the server begins to read; `root` what httpd's relative paths are relative to
// (nginx: the folder of `file`). In the order of reading. What cannot be read is left out; of a
// path with a ${variable} nothing is known.
std::vector<Mention> mentions_in(const std::string& file, const std::string& root, bool httpd);

}  // namespace acme::ctl
