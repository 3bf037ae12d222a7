/** Architectures in the names of Debian's, Ubuntu's and others' images; the hosts' own is amd64. */
const foreign =
  /(?<=[-_./])(arm64|aarch64|armhf|armel|armv7l?|i386|i686|ppc64(?:le|el)?|riscv64|s390x|loong64|mips64el)(?=[-_./])/i;

/** Names under which publishers keep their newest build. */
const moving = /(?<=[-_./])(latest|current)(?=[-_./])/i;

/** Why no machine comes up, sooner or later, from an image that Proxmox takes; undefined where nothing in its address tells. */
export function imageUrlProblem(url: string): string | undefined {
  const architecture = foreign.exec(url)?.[1];
  if (architecture !== undefined) {
    const better = url.replaceAll(new RegExp(foreign, "gi"), "amd64");
    return `is for ${architecture}, and Proxmox VE and RKE2's release here run on amd64: use ${better}, with its checksum`;
  }
  if (
    moving.test(url.replace(/^https:\/\/[^/]*/, "")) ||
    /^https:\/\/cloud-images\.ubuntu\.com\/.*\/release\//.test(url)
  )
    return "names whatever is newest, so that its checksum fits no more after the next build; name a dated build, whose folder stands beside that one";
  if (/-nocloud-/.test(url))
    return `has no cloud-init, which gives a machine its address and login: use ${url.replace("-nocloud-", "-genericcloud-")}, with its checksum`;
  return undefined;
}
