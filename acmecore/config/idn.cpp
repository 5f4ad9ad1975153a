#include "config/idn.h"

#include <idn2.h>

#include <algorithm>
#include <memory>

namespace acme {
namespace {

struct Idn2Free {
  void operator()(char* text) const { idn2_free(text); }
};

}  // namespace

bool has_foreign_letters(std::string_view name) {
  return std::any_of(name.begin(), name.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

Result<std::string> to_a_labels(std::string_view name) {
  if (name.find('\0') != std::string_view::npos)
    return fail(Errc::invalid_config, "it has a control character");
  char* out = nullptr;
  const int code =
      idn2_to_ascii_8z(std::string(name).c_str(), &out, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
  std::unique_ptr<char, Idn2Free> owned(out);
  if (code == IDN2_OK) return std::string(out);
  if (code == IDN2_MALLOC) return fail(Errc::no_memory, "no memory");
  return fail(Errc::invalid_config,
              std::string("it is no internationalized name (") + idn2_strerror(code) + ")");
}

}  // namespace acme
