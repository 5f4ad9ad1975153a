#include "base/archive.h"

#include <limits>
#include <random>

#include "base/fd.h"
#include "unit/check.h"

using namespace acme;

namespace {

enum class Colour : std::uint8_t { red, green = 7 };

struct Inner {
  std::int64_t number = 0;
  std::string text;
  bool operator==(const Inner&) const = default;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.number, self.text);
  }
};

struct Outer {
  bool flag = false;
  std::uint16_t small = 0;
  std::uint64_t large = 0;
  Colour colour = Colour::red;
  std::vector<Inner> list;
  std::optional<Inner> maybe;
  std::vector<std::string> texts;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.flag, self.small, self.large, self.colour, self.list, self.maybe, self.texts);
  }
};

struct WithSecret {
  Secret secret;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.secret);
  }
};

Outer sample() {
  Outer out;
  out.flag = true;
  out.small = 0xBEEF;
  out.large = std::numeric_limits<std::uint64_t>::max();
  out.colour = Colour::green;
  out.list = {{-1, "one"}, {std::numeric_limits<std::int64_t>::min(), std::string("\0two", 4)}};
  out.maybe = Inner{3, ""};
  out.texts = {"", "x", std::string(5000, 'y')};
  return out;
}

}  // namespace

TEST(what_is_written_is_read_back) {
  Outer in = sample();
  Secret bytes = encode(in);
  Outer out = REQUIRE_OK(decode<Outer>(bytes.view()));
  CHECK(out.flag);
  CHECK_EQ(out.small, 0xBEEF);
  CHECK_EQ(out.large, in.large);
  CHECK(out.colour == Colour::green);
  CHECK(out.list == in.list);
  CHECK(out.maybe == in.maybe);
  CHECK_EQ(out.texts, in.texts);
  Outer empty = REQUIRE_OK(decode<Outer>(encode(Outer{}).view()));
  CHECK(!empty.maybe && empty.list.empty() && !empty.flag);
}

TEST(integers_are_little_endian_and_of_fixed_width) {
  Inner inner{0x0102, "ab"};
  CHECK_EQ(encode(inner).view(), std::string_view("\x02\x01\0\0\0\0\0\0\x02\0\0\0ab", 14));
}

TEST(every_truncation_is_an_error_and_so_is_every_trailing_byte) {
  Secret bytes = encode(sample());
  std::string whole(bytes.view());
  for (std::size_t size = 0; size < whole.size(); ++size)
    REQUIRE_ERROR(decode<Outer>(std::string_view(whole).substr(0, size)), Errc::protocol);
  REQUIRE_ERROR(decode<Outer>(whole + "x"), Errc::protocol);
}

TEST(a_count_is_never_trusted) {
  // 4 billion items that are not there, and a text longer than what is left.
  REQUIRE_ERROR(decode<std::vector<std::string>>(std::string_view("\xff\xff\xff\xff", 4)),
                Errc::protocol);
  REQUIRE_ERROR(decode<std::vector<Inner>>(std::string_view("\xff\xff\xff\x7f"
                                                            "abc",
                                                            7)),
                Errc::protocol);
  REQUIRE_ERROR(decode<std::string>(std::string_view("\x05\0\0\0abcd", 8)), Errc::protocol);
}

TEST(a_truth_is_zero_or_one) {
  CHECK(REQUIRE_OK(decode<bool>(std::string_view("\x01", 1))));
  REQUIRE_ERROR(decode<bool>(std::string_view("\x02", 1)), Errc::protocol);
  REQUIRE_ERROR(decode<std::optional<std::string>>(std::string_view("\xff", 1)), Errc::protocol);
}

TEST(flipped_bits_never_do_more_than_fail) {
  std::string whole(encode(sample()).view());
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string bent = whole;
    for (int flips = 1 + static_cast<int>(random() % 4); flips > 0; --flips)
      bent[random() % bent.size()] ^= static_cast<char>(1 << (random() % 8));
    (void)decode<Outer>(bent);
  }
}

TEST(secrets_travel_and_wipe_themselves) {
  WithSecret in;
  in.secret = Secret(std::string_view("hunter2"));
  WithSecret out = REQUIRE_OK(decode<WithSecret>(encode(in).view()));
  CHECK_EQ(out.secret.view(), "hunter2");
  Secret taken = std::move(out.secret);
  CHECK(out.secret.empty());  // NOLINT: that is what is tested
  CHECK_EQ(taken.clone().view(), "hunter2");
  taken.truncate(99);
  CHECK_EQ(taken.size(), 7);
  taken.truncate(6);
  CHECK_EQ(taken.view(), "hunter");
  taken = Secret(std::string_view("new"));
  CHECK_EQ(taken.view(), "new");
  taken.wipe();
  CHECK(taken.empty());
}

TEST(a_descriptor_closes_itself) {
  int ends[2];
  CHECK_EQ(pipe(ends), 0);
  UniqueFd read_end(ends[0]);
  {
    UniqueFd write_end(ends[1]);
    UniqueFd moved = std::move(write_end);
    CHECK(!write_end);  // NOLINT: that is what is tested
    CHECK_EQ(moved.get(), ends[1]);
  }
  char byte;
  CHECK_EQ(read(read_end.get(), &byte, 1), 0);  // nobody holds the other end
  CHECK_EQ(read_end.release(), ends[0]);
  CHECK(!read_end);
  close(ends[0]);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
