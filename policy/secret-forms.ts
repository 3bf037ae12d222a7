/** What secrets look like: their own form, and the names of what holds them. */

const forms: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----/, "a private key"],
  [/\btskey-(?!\*)[A-Za-z0-9]+-[A-Za-z0-9-]+/, "a Tailscale key"],
  [/\b[\w.-]+@[\w-]+![\w.-]+=[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}\b/i, "a Proxmox API token"],
  [/\beyJhIjoi[A-Za-z0-9+/_=-]{40,}/, "a Cloudflare tunnel token"],
  [/\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/, "a JSON Web Token"],
  [/\bops_eyJ[A-Za-z0-9_=-]{40,}/, "a 1Password service account token"],
  [/\bK10[0-9a-f]{64}::/, "an RKE2 join token"],
  [/\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40,})/, "a GitHub token"],
  [/\bAGE-SECRET-KEY-1[A-Z0-9]{50,}/, "an age key"],
  [/\bclient-key-data:\s*[A-Za-z0-9+/=]{40,}/, "a kubeconfig with its key"],
];

/** What kind of secret a text holds; undefined when it looks like none. */
export function secretForm(text: string): string | undefined {
  return forms.find(([form]) => form.test(text))?.[1];
}

const secretEndings = [
  "password",
  "passwd",
  "passphrase",
  "privatekey",
  "privatekeypem",
  "privatekeyopenssh",
  "apitoken",
  "apikey",
  "accesstoken",
  "authtoken",
  "authkey",
  "bearertoken",
  "clientsecret",
  "secretkey",
  "secretaccesskey",
  "tunnelsecret",
  "tunneltoken",
  "jointoken",
  "presharedkey",
  "encryptionkey",
  "kubeconfig",
];

/** Whether a property of this name holds a secret: `adminPassword`, `API_TOKEN`, `token`. */
export function secretName(name: string): boolean {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  return plain === "token" || secretEndings.some((ending) => plain.endsWith(ending));
}

/** Whether an environment variable of this name holds a secret; `..._FILE` and `..._NAME` point at one. */
export function secretVariable(name: string): boolean {
  return secretName(name) || /(^|_)(TOKEN|SECRET|CREDENTIALS?|PASS|PW)$/i.test(name);
}
