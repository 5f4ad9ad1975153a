#include "board/table.h"

#include <algorithm>
#include <random>
#include <set>

#include "unit/board/board_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

Outcome put(Board& board, unsigned n, char tail = 'x') {
  return board.writer.put_token(token_number(n), key_authorization_of(token_number(n), tail));
}

bool answers(const Board& board, unsigned n, char tail = 'x') {
  auto found = board.reader.key_authorization(token_number(n));
  return found && *found == key_authorization_of(token_number(n), tail);
}

// Tokens whose search begins in one and the same cell.
std::vector<std::string> colliding(const BoardShape& shape, std::size_t count) {
  const auto layout = *board::layout_of(shape);
  std::vector<std::string> tokens;
  for (unsigned n = 0; tokens.size() < count; ++n)
    if (board::Probe(token_number(n)).cell(layout.tokens, 0) == 5)
      tokens.push_back(token_number(n));
  return tokens;
}

}  // namespace

TEST(a_token_is_found_until_it_is_removed) {
  Board board;
  REQUIRE_OK(put(board, 1));
  CHECK(answers(board, 1));
  CHECK(!answers(board, 2));
  board.writer.remove_token(token_number(2));
  board.writer.remove_token(token_number(1));
  board.writer.remove_token(token_number(1));
  CHECK(!answers(board, 1));
  CHECK(board.writer.tokens().empty());
}

TEST(putting_a_token_again_replaces_its_key_authorization) {
  Board board;
  REQUIRE_OK(put(board, 1, 'a'));
  REQUIRE_OK(put(board, 1, 'b'));
  CHECK(answers(board, 1, 'b'));
  CHECK_EQ(board.writer.tokens().size(), 1);
  board.writer.remove_token(token_number(1));
  REQUIRE_ERROR(board.reader.key_authorization(token_number(1)), Errc::not_found);
}

TEST(what_is_no_token_is_refused) {
  Board board;
  const auto refused = [&](const std::string& token) {
    REQUIRE_ERROR(board.writer.put_token(token, key_authorization_of(token)),
                  Errc::invalid_argument);
    REQUIRE_ERROR(board.reader.key_authorization(token), Errc::not_found);
  };
  REQUIRE_OK(put(board, 1));  // so that readers do search
  refused("");
  refused(std::string(21, 'a'));
  refused(std::string(257, 'a'));
  for (std::string bad : {"/", ".", "%", "+", "=", " ", "\xc3"})
    refused(std::string(30, 'a') + bad);
  refused(std::string(30, 'a') + std::string(1, '\0'));
  REQUIRE_OK(
      board.writer.put_token(std::string(22, 'a'), key_authorization_of(std::string(22, 'a'))));
  REQUIRE_OK(
      board.writer.put_token(std::string(256, 'b'), key_authorization_of(std::string(256, 'b'))));
  CHECK(board.reader.key_authorization(std::string(256, 'b')));
}

TEST(a_key_authorization_must_be_the_tokens) {
  Board board;
  const std::string token = token_number(1);
  for (std::string wrong : {std::string(), token, token + ".", token_number(2) + ".xyz",
                            token + "-xyz", token + ".x/z", token + std::string(500, 'x')})
    REQUIRE_ERROR(board.writer.put_token(token, wrong), Errc::invalid_argument);
  REQUIRE_OK(board.writer.put_token(token, token + ".xyz"));
}

TEST(a_full_table_refuses_new_tokens_and_keeps_the_old) {
  Board board;
  for (unsigned n = 0; n < 8; ++n) REQUIRE_OK(put(board, n));
  CHECK_CONTAINS(REQUIRE_ERROR(put(board, 8), Errc::no_memory), "8 of at most 8");
  REQUIRE_OK(put(board, 3, 'y'));  // replacing needs no place
  for (unsigned n = 0; n < 8; ++n) CHECK(answers(board, n, n == 3 ? 'y' : 'x'));
  board.writer.remove_token(token_number(0));
  REQUIRE_OK(put(board, 8));
  CHECK(answers(board, 8));
}

TEST(a_full_heap_refuses_a_token_and_counts_none) {
  BoardShape shape = {.slots = 1, .tokens = 1000, .heap_bytes = 4096};
  Board board(shape);
  unsigned n = 0;
  while (put(board, n)) ++n;
  CHECK(n > 10 && n < 40);
  CHECK_EQ(board.writer.tokens().size(), n);
  CHECK(!answers(board, n));
  REQUIRE_ERROR(put(board, 0, 'y'), Errc::no_memory);
  CHECK(answers(board, 0, 'x'));
}

TEST(tokens_in_one_cell_are_told_apart) {
  Board board;
  auto tokens = colliding(small_shape(), 6);
  for (const auto& token : tokens)
    REQUIRE_OK(board.writer.put_token(token, key_authorization_of(token)));
  board.writer.remove_token(tokens[1]);
  board.writer.remove_token(tokens[3]);
  for (std::size_t i : {0, 2, 4, 5}) {
    CHECK_EQ(REQUIRE_OK(board.reader.key_authorization(tokens[i])),
             key_authorization_of(tokens[i]));
  }
  CHECK(!board.reader.key_authorization(tokens[1]));
  // Replacing finds the token behind the removed ones, and does not make a second.
  REQUIRE_OK(board.writer.put_token(tokens[5], key_authorization_of(tokens[5], 'z')));
  board.writer.remove_token(tokens[5]);
  CHECK(!board.reader.key_authorization(tokens[5]));
}

TEST(the_table_is_clean_again_when_it_is_empty) {
  Board board;
  const std::string cells_before = image_of(board.fd.get()).substr(128, 512);
  auto tokens = colliding(small_shape(), 5);
  for (const auto& token : tokens)
    REQUIRE_OK(board.writer.put_token(token, key_authorization_of(token)));
  for (std::size_t i : {2, 0, 4, 1, 3}) board.writer.remove_token(tokens[i]);
  CHECK(image_of(board.fd.get()).substr(128, 512) == cells_before);
}

TEST(more_tokens_in_one_place_than_a_search_reaches_are_refused) {
  BoardShape shape = {.slots = 1, .tokens = 500, .heap_bytes = 1024 * 1024};
  Board board(shape);
  auto tokens = colliding(shape, board::kMaxProbe + 1);
  for (std::size_t i = 0; i < board::kMaxProbe; ++i)
    REQUIRE_OK(board.writer.put_token(tokens[i], key_authorization_of(tokens[i])));
  REQUIRE_ERROR(board.writer.put_token(tokens.back(), key_authorization_of(tokens.back())),
                Errc::no_memory);
  CHECK(board.reader.key_authorization(tokens[board::kMaxProbe - 1]));
  CHECK(!board.reader.key_authorization(tokens.back()));
}

TEST(any_sequence_leaves_what_a_set_would_hold) {
  BoardShape shape = {.slots = 1, .tokens = 64, .heap_bytes = 256 * 1024};
  Board board(shape);
  std::mt19937 random(1);
  std::set<std::string> expected;
  for (int step = 0; step < 20'000; ++step) {
    board.env.clock += 500;
    const unsigned n = random() % 90;
    if (random() % 2 == 0) {
      if (put(board, n)) expected.insert(token_number(n));
    } else {
      board.writer.remove_token(token_number(n));
      expected.erase(token_number(n));
    }
    CHECK_EQ(answers(board, n), expected.contains(token_number(n)));
    if (step % 1000 != 0) continue;
    board.attach_again();
    auto tokens = board.writer.tokens();
    CHECK(std::set<std::string>(tokens.begin(), tokens.end()) == expected);
    for (unsigned each = 0; each < 90; ++each)
      CHECK_EQ(answers(board, each), expected.contains(token_number(each)));
  }
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
