// acmectl import: what another client left becomes the server's.
#pragma once

namespace acme::ctl {

bool is_import(int argc, char** argv);
// The exit status: 0 all was taken or there already, 1 failed, 2 usage, 3 something was not taken.
int import_command(int argc, char** argv);

}  // namespace acme::ctl
