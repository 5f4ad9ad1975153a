// tls-alpn-01 answers by the names that CAs ask for. The table is that of the
// tokens (tokens_test.cpp); here is what is its own.
#include "unit/board/board_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

// As it is read back: whole, and the one of this serial.
bool answers(const Board& board, const std::string& name, std::uint64_t serial) {
  auto found = board.reader.challenge(name);
  return found && is_whole(*found) && serial_of(found->bundles[0]) == serial;
}

}  // namespace

TEST(an_answer_is_found_by_its_name_until_it_is_removed) {
  Board board;
  CHECK(!board.reader.has_challenges());
  REQUIRE_ERROR(board.reader.challenge("a.example.org"), Errc::not_found);
  REQUIRE_OK(board.writer.put_challenge("a.example.org", answer_of(1)));
  REQUIRE_OK(board.writer.put_challenge("b.example.org", answer_of(5)));
  CHECK(board.reader.has_challenges());
  CHECK(answers(board, "a.example.org", 1));
  CHECK(answers(board, "b.example.org", 5));
  REQUIRE_ERROR(board.reader.challenge("c.example.org"), Errc::not_found);
  REQUIRE_ERROR(board.reader.challenge(""), Errc::not_found);
  board.writer.remove_challenge("a.example.org");
  board.writer.remove_challenge("a.example.org");
  board.writer.remove_challenge("c.example.org");
  REQUIRE_ERROR(board.reader.challenge("a.example.org"), Errc::not_found);
  CHECK(board.reader.has_challenges());
  board.writer.remove_challenge("b.example.org");
  CHECK(!board.reader.has_challenges());
  CHECK(board.writer.challenges().empty());
}

TEST(an_answer_may_have_one_certificate_and_get_the_other_later) {
  Board board;
  AlpnAnswer half = answer_of(1);
  half.bundles.pop_back();
  REQUIRE_OK(board.writer.put_challenge("a.example.org", half));
  CHECK_EQ(REQUIRE_OK(board.reader.challenge("a.example.org")).bundles.size(), 1);
  CHECK_EQ(REQUIRE_OK(board.writer.challenge("a.example.org")).digest, half.digest);
  REQUIRE_OK(board.writer.put_challenge("a.example.org", answer_of(1)));
  CHECK(answers(board, "a.example.org", 1));
  CHECK_EQ(board.writer.challenges().size(), 1);
}

TEST(what_is_no_answer_is_refused) {
  Board board;
  const auto refused = [&](const std::string& name, const AlpnAnswer& answer) {
    REQUIRE_ERROR(board.writer.put_challenge(name, answer), Errc::invalid_argument);
  };
  refused("", answer_of(1));
  refused(std::string(256, 'a'), answer_of(1));
  AlpnAnswer answer = answer_of(1);
  answer.digest.pop_back();
  refused("a.example.org", answer);
  answer = answer_of(1);
  answer.bundles.clear();
  refused("a.example.org", answer);
  answer = answer_of(1);
  answer.bundles.push_back(bundle_of(3));
  refused("a.example.org", answer);
  answer = answer_of(1);
  answer.bundles[1].chain.clear();
  refused("a.example.org", answer);
  refused("a.example.org", answer_of(1, 20'000));
  CHECK(!board.reader.has_challenges());
  REQUIRE_OK(board.writer.put_challenge(std::string(255, 'a'), answer_of(1)));
}

TEST(the_next_writer_finds_what_is_there_and_drops_what_is_damaged) {
  Board board;
  for (unsigned n = 0; n < 3; ++n)
    REQUIRE_OK(board.writer.put_challenge(name_number(n), answer_of(10 + n)));
  REQUIRE_OK(board.writer.put_token(token_number(1), key_authorization_of(token_number(1))));
  // A byte in the middle of the second answer's blob.
  const std::string needle = pattern(10 + 1 + 77, 32);
  const std::size_t at = image_of(board.fd.get()).find(needle);
  CHECK(at != std::string::npos);
  CHECK_EQ(pwrite(board.fd.get(), "x", 1, static_cast<off_t>(at)), 1);
  CHECK(!board.reader.challenge(name_number(1)));
  board.attach_again();
  CHECK_EQ(board.writer.challenges().size(), 2);
  CHECK(answers(board, name_number(0), 10));
  CHECK(answers(board, name_number(2), 12));
  CHECK(board.reader.key_authorization(token_number(1)));
  for (unsigned n : {0U, 2U}) board.writer.remove_challenge(name_number(n));
  CHECK(!board.reader.has_challenges());
}

TEST(a_full_table_refuses_in_words) {
  BoardShape shape = {.slots = 1, .tokens = 8, .heap_bytes = 256 * 1024};
  Board board(shape);
  for (unsigned n = 0; n < 8; ++n)
    REQUIRE_OK(board.writer.put_challenge(name_number(n), answer_of(n + 1)));
  CHECK_CONTAINS(
      REQUIRE_ERROR(board.writer.put_challenge(name_number(8), answer_of(9)), Errc::no_memory),
      "8 of at most 8 tls-alpn-01 names");
  // The tokens have room of their own.
  REQUIRE_OK(board.writer.put_token(token_number(1), key_authorization_of(token_number(1))));
}

TEST(the_keys_of_a_removed_answer_are_wiped) {
  Board board;
  REQUIRE_OK(board.writer.put_challenge("a.example.org", answer_of(1)));
  const std::string key = pattern(1, 138).substr(8);
  CHECK(image_of(board.fd.get()).find(key) != std::string::npos);
  board.writer.remove_challenge("a.example.org");
  board.let_grace_pass();
  board.writer.sweep();
  CHECK(image_of(board.fd.get()).find(key) == std::string::npos);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
