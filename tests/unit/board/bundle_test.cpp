#include "unit/board/board_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

Bundle with_chain(std::vector<std::string> chain) {
  Bundle bundle;
  bundle.key_der = Secret(std::string_view("key"));
  bundle.chain = std::move(chain);
  return bundle;
}

}  // namespace

TEST(a_bundle_comes_back_as_it_was) {
  Bundle bundle = with_chain({"leaf", std::string("in\0ter", 6), "root"});
  Secret bytes = REQUIRE_OK(encode_bundle(bundle));
  Bundle again = REQUIRE_OK(decode_bundle(bytes.span()));
  CHECK_EQ(again.key_der.view(), "key");
  CHECK(again.chain == bundle.chain);
}

TEST(what_is_no_bundle_is_not_encoded) {
  REQUIRE_ERROR(encode_bundle(Bundle{}), Errc::invalid_argument);
  REQUIRE_ERROR(encode_bundle(with_chain({})), Errc::invalid_argument);
  REQUIRE_ERROR(encode_bundle(with_chain({"leaf", ""})), Errc::invalid_argument);
  REQUIRE_ERROR(encode_bundle(with_chain(std::vector<std::string>(17, "c"))),
                Errc::invalid_argument);
  std::string why =
      REQUIRE_ERROR(encode_bundle(with_chain({std::string(300'000, 'c')})), Errc::invalid_argument);
  CHECK_CONTAINS(why, "262144");
  Bundle keyless;
  keyless.chain = {"leaf"};
  REQUIRE_ERROR(encode_bundle(keyless), Errc::invalid_argument);
}

TEST(every_shortened_or_lengthened_bundle_is_damaged) {
  Secret bytes = REQUIRE_OK(encode_bundle(with_chain({"leaf", "intermediate"})));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    REQUIRE_ERROR(decode_bundle(bytes.span().first(size)), Errc::damaged);
  std::string longer(bytes.view());
  longer += 'x';
  Secret more{std::string_view(longer)};
  REQUIRE_ERROR(decode_bundle(more.span()), Errc::damaged);
}

TEST(lengths_that_lie_are_damage) {
  Secret bytes = REQUIRE_OK(encode_bundle(with_chain({"leaf"})));
  for (std::size_t at = 0; at + 4 <= bytes.size(); ++at) {
    for (std::uint32_t lie : {0U, 17U, 0x7fffffffU, 0xfffffff0U, 0xffffffffU}) {
      Secret changed = bytes.clone();
      std::memcpy(changed.data() + at, &lie, sizeof lie);
      auto decoded = decode_bundle(changed.span());
      // Inside the key or the certificate any byte is allowed.
      if (decoded) CHECK(decoded->key_der.size() == 3 && decoded->chain.size() == 1);
    }
  }
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
