#include "tools/ratchetctl/approvers.h"

#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <system_error>

namespace ratchet::ratchetctl {

namespace {

std::string key_in(const std::filesystem::directory_entry& file) {
  std::string pem;
  if (file.path().extension() == ".pem" && file.is_regular_file()) {
    std::ifstream in(file.path(), std::ios::binary);
    pem.assign(std::istreambuf_iterator<char>(in), {});
  }
  if (pem.empty()) {
    throw std::invalid_argument(file.path().string() +
                                " is no key: an approver's is a readable file NAME.pem");
  }
  return pem;
}

std::string counted(std::uint64_t n, const char* what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

}  // namespace

engine::Approvers approvers_in(const std::filesystem::path& folder) {
  std::map<std::string, std::string> pems;
  try {
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      // A mounted ConfigMap keeps its versions in such folders, and links to them.
      if (file.path().filename().string().starts_with(".")) continue;
      pems[file.path().stem().string()] = key_in(file);
    }
    return engine::Approvers(pems);
  } catch (const std::filesystem::filesystem_error& error) {
    throw std::invalid_argument(error.what());
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument("approvers in " + folder.string() + ": " + error.what());
  }
}

std::string signature_words(const std::optional<engine::Signature>& signature) {
  return signature ? "; recorded signature: " + signature->signer : std::string();
}

Cell cell_of(const engine::Approvals& approvals) {
  const std::string all = counted(approvals.with_signature, "signature");
  if (!approvals.checked) return {all + ", not checked (--approvers DIR)", Style::warning};
  const std::string bare =
      approvals.bare == 0 ? "" : "; " + counted(approvals.bare, "approval") + " without";
  if (approvals.bad > 0) {
    return {all + ", " + std::to_string(approvals.bad) + " of them NOT good" + bare, Style::bad};
  }
  return {all + ", good" + bare, approvals.bare == 0 ? Style::good : Style::warning};
}

}  // namespace ratchet::ratchetctl
