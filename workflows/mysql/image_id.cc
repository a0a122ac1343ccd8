#include "workflows/mysql/image_id.h"

#include <algorithm>
#include <utility>

namespace ratchet::mysql {

namespace {

constexpr const char* digest_mark = "sha256:";

const NodeImage* first_of(const std::vector<NodeImage>& seen, bool of_config) {
  const auto found = std::ranges::find_if(seen, [of_config](const NodeImage& one) {
    return is_known(one.id) && one.id.of_config() == of_config;
  });
  return found == seen.end() ? nullptr : &*found;
}

std::string has(const NodeImage& one) {
  return "node " + one.node + " (pod " + one.pod + ") has " + one.id.digest();
}

Finding about_images(Severity severity, const std::string& pod, std::string what, std::string fix) {
  Finding finding;
  finding.set_severity(severity);
  finding.set_check("image-digest");
  finding.set_pod(pod);
  finding.set_what(std::move(what));
  finding.set_fix(std::move(fix));
  return finding;
}

Finding difference(const std::string& image, const NodeImage& one, const NodeImage& other) {
  const std::string what =
      "by the name " + image + " " + has(one) + ", and " + has(other) + ": they are two images";
  if (one.id.of_config()) {
    return about_images(BLOCKING, one.pod, what,
                        "import the image that is meant on both nodes anew");
  }
  return about_images(BLOCKING, one.pod, what,
                      "name the image in the MySQLVersion by the digest that is meant (NAME@" +
                          other.id.digest() + " or NAME@" + one.id.digest() +
                          "); or remove it from the node that has another one (crictl rmi " +
                          image +
                          "); or have nodes pull it anew: imagePullPolicy: Always for "
                          "the container mysql in spec.podTemplate");
}

}  // namespace

ImageId image_id_of(const std::string& reported) {
  ImageId id;
  const auto at = reported.find(digest_mark);
  if (at == std::string::npos) return id;
  id.set_digest(reported.substr(at));
  id.set_of_config(at == 0 || reported[at - 1] != '@');
  return id;
}

bool is_known(const ImageId& id) { return !id.digest().empty(); }

bool are_different(const ImageId& a, const ImageId& b) {
  return is_known(a) && is_known(b) && a.of_config() == b.of_config() && a.digest() != b.digest();
}

bool names_digest(const std::string& image) {
  return image.find(std::string("@") + digest_mark) != std::string::npos;
}

std::vector<Finding> judge_images(const std::string& image, const std::vector<NodeImage>& seen) {
  std::vector<Finding> findings;
  const NodeImage* pulled = first_of(seen, false);
  const NodeImage* imported = first_of(seen, true);
  for (const NodeImage& one : seen) {
    const NodeImage* other = one.id.of_config() ? imported : pulled;
    if (other == nullptr || !are_different(one.id, other->id)) continue;
    findings.push_back(difference(image, one, *other));
  }
  if (pulled != nullptr && imported != nullptr) {
    findings.push_back(about_images(
        WARNING, imported->pod,
        "by the name " + image + " " + has(*imported) + ", of the image's configuration, and " +
            has(*pulled) +
            ", of its manifest: nobody can tell from that whether they are one image",
        "have both nodes pull the image, or name it in the MySQLVersion by its digest"));
  }
  return findings;
}

ImageId common_id(const std::vector<NodeImage>& seen) {
  const NodeImage* pulled = first_of(seen, false);
  const NodeImage* one = pulled != nullptr ? pulled : first_of(seen, true);
  return one == nullptr ? ImageId{} : one->id;
}

}  // namespace ratchet::mysql
