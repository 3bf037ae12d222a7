import type { ResourceRule } from "../rule.ts";
import { at, text, unknown, type Seen } from "../seen.ts";

const remoteTypes = [
  "command:remote:Command",
  "command:remote:CopyToRemote",
  "command:remote:CopyFile",
];

/** A public key as authorized_keys and known_hosts write it. */
const publicKey = /^(ssh-(ed25519|rsa)|ecdsa-sha2-nistp\d+|sk-[a-z0-9-]+@openssh\.com) \S+/;

/** The SSH provider takes any server for the right one unless it is told the server's key. */
export const hostKeys: ResourceRule = {
  name: "ssh-pins-host-keys",
  description:
    "Every SSH connection names the host key that the machine must show: without it the provider trusts whoever " +
    "answers at the address, and hands over commands and secrets.",
  judge: ({ type, inputs }) => {
    if (!remoteTypes.includes(type)) return [];
    const connection = at(inputs["connection"]);
    if (connection === unknown) return [];
    return [
      ...judge("connection", connection),
      ...(at(connection, "proxy") === undefined
        ? []
        : judge("connection.proxy", at(connection, "proxy"))),
    ];
  },
};

function judge(where: string, connection: Seen | undefined): readonly string[] {
  const hostKey = at(connection, "hostKey");
  if (hostKey === unknown) return [];
  const found = text(hostKey) ?? "";
  if (publicKey.test(found.trim())) return [];
  const what = found.trim() === "" ? "is missing" : "is no public key";
  return [
    `${where}.hostKey ${what}; give the machine's public host key, as \`ssh-ed25519 AAAA...\` (Machine.hostKey has it)`,
  ];
}
