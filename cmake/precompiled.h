// What most files include of the standard library, for a build that is run rather than worked on
// (preset asan). The others show that each file includes what it uses. Without <filesystem>: with
// it comes std::quoted, which would be found before our own for each std::string.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>
