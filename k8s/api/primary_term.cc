#include "k8s/api/primary_term.h"

#include "k8s/api/finding.h"

namespace ratchet::k8s::api {

std::optional<PrimaryTerm> parse_term(const std::string& text) {
  if (text.empty()) return PrimaryTerm{};
  try {
    const Json json = Json::parse(text);
    PrimaryTerm term;
    term.number = json.at("number").get<unsigned>();
    term.holder = json.at("holder").get<std::string>();
    term.server = json.at("server").get<std::string>();
    term.acknowledgements = json.at("acknowledgements").get<unsigned>();
    term.opened = json.at("opened").get<bool>();
    term.voters = json.at("voters").get<std::map<std::string, std::string>>();
    term.successor = json.value("successor", "");
    const bool whole = term.number > 0 && !term.holder.empty() && !term.server.empty() &&
                       term.acknowledgements > 0;
    return whole ? std::optional(std::move(term)) : std::nullopt;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

std::string term_text(const PrimaryTerm& term) {
  Json json{{"number", term.number}, {"holder", term.holder},
            {"server", term.server}, {"acknowledgements", term.acknowledgements},
            {"opened", term.opened}, {"voters", term.voters}};
  if (!term.successor.empty()) json["successor"] = term.successor;
  return json.dump();
}

}  // namespace ratchet::k8s::api
