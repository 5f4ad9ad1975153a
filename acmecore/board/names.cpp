#include "board/names.h"

#include <cstring>

#include "board/layout.h"
#include "board/parts.h"

namespace acme::board {
namespace {

constexpr std::size_t kSiteBytes = sizeof(std::uint32_t);
constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxId = 255;

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool is_sound(const AddedName& name) {
  return !name.name.empty() && name.name.size() <= kMaxName && !name.certificate.empty() &&
         name.certificate.size() <= kMaxId && name.slots != 0 && name.slots <= kMaxSlotsOfName &&
         name.first_slot < kMaxSlots;
}

}  // namespace

std::string name_key(std::uint32_t site, std::string_view name) {
  std::string key(kSiteBytes + name.size(), '\0');
  std::memcpy(key.data(), &site, kSiteBytes);
  name.copy(key.data() + kSiteBytes, name.size());
  return key;
}

Result<Secret> encode_name(const AddedName& name) {
  if (!is_sound(name)) return fail(Errc::invalid_argument, "this is no name of a certificate");
  const std::string key = name_key(name.site, name.name);
  Secret payload(part_size(key.size()) + 2 * sizeof(Length) + part_size(name.certificate.size()));
  PartWriter out(payload.data());
  out.part(key);
  out.number(name.first_slot);
  out.number(name.slots);
  out.part(name.certificate);
  return payload;
}

Result<AddedName> decode_name(std::span<const std::uint8_t> payload) {
  const auto damaged = [] { return fail(Errc::damaged, "a name's bytes break its format"); };
  PartReader in(payload);
  auto key = in.part();
  auto first_slot = in.number();
  auto slots = in.number();
  auto certificate = in.part();
  if (!key || key->size() <= kSiteBytes || !first_slot || !slots || !certificate || !in.at_end())
    return damaged();
  AddedName name;
  std::memcpy(&name.site, key->data(), kSiteBytes);
  name.name = text_of(key->subspan(kSiteBytes));
  name.first_slot = *first_slot;
  name.slots = *slots;
  name.certificate = text_of(*certificate);
  if (!is_sound(name)) return damaged();
  return name;
}

std::string_view name_key_of(std::string_view payload) {
  PartReader in({reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()});
  auto key = in.part();
  return key ? text_of(*key) : std::string_view();
}

}  // namespace acme::board
