#include "tools/ratchetctl/approvers.h"

#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>

namespace ratchet::ratchetctl {

namespace {

std::string key_in(const std::filesystem::directory_entry& file) {
  std::string pem;
  if (file.path().extension() == ".pem" && file.is_regular_file()) {
    std::ifstream in(file.path(), std::ios::binary);
    pem = std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  if (pem.empty()) {
    throw std::invalid_argument(file.path().string() +
                                " is no key: an approver's is a readable file NAME.pem");
  }
  return pem;
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
  std::string text = std::to_string(approvals.with_signature) + " signed approval" +
                     (approvals.with_signature == 1 ? "" : "s");
  if (!approvals.checked) return {text + ", not checked (--approvers DIR)", Style::warning};
  if (approvals.bad > 0) {
    text += ", " + std::to_string(approvals.bad) + " of them NOT good";
  } else if (approvals.with_signature > 0) {
    text += ", good";
  }
  if (approvals.bare > 0) text += "; " + std::to_string(approvals.bare) + " without a signature";
  const Style told = approvals.bare > 0 ? Style::warning : Style::good;
  return {text, approvals.bad > 0 ? Style::bad : told};
}

}  // namespace ratchet::ratchetctl
