/** What commands inside the lab find in their environment: everything points at the lab, nothing at the outside. */
import { join } from "node:path";
import type { LabPaths } from "../host/paths.ts";
import { apiTokenId, type Credentials } from "../world/credentials.ts";

/** Variables of the caller that would lead tools out of the lab, or to the caller's own accounts. */
const dropped =
  /^((https?|ftp|all|no)_proxy|npm_.*|PULUMI_.*|PROXMOX_.*|OP_.*|TAILSCALE_.*|CLOUDFLARE_.*|HELM_.*|KUBE.*|SSH_.*|XDG_.*|SSL_CERT_.*|NODE_EXTRA_CA_CERTS|NODE_OPTIONS|OLDPWD)$/i;

/**
 * Environment of the lab's shell. Credentials are given in the variables that the providers document, so that no
 * site's config holds any.
 */
export function labEnvironment(
  paths: LabPaths,
  toolsBin: string,
  credentials: Pick<Credentials, "apiTokenSecret" | "ssh" | "passphrase" | "connectToken">,
  base: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const kept = Object.entries(base).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !dropped.test(entry[0]),
  );
  const bundle = join(paths.ca, "bundle.pem");
  return {
    ...Object.fromEntries(kept),
    HOME: paths.home,
    USER: "root",
    LOGNAME: "root",
    // The program runs on the project's Node, whatever the machine has.
    PATH: [toolsBin, join(paths.clone, "node_modules", ".bin"), base["PATH"] ?? defaultPath].join(
      ":",
    ),
    SSL_CERT_FILE: bundle,
    NODE_EXTRA_CA_CERTS: bundle,
    CURL_CA_BUNDLE: bundle,
    GIT_SSL_CAINFO: bundle,
    KUBECONFIG: join(paths.home, ".kube", "config"),
    NODE_COMPILE_CACHE: join(paths.home, ".cache", "node-compile"),
    // Without the sidecar files of attributes: a CLI killed between a state and its sidecar leaves a stack that no command
    // can load (`failed to load checkpoint: EOF`). State files themselves are replaced atomically.
    PULUMI_BACKEND_URL: `file://${paths.pulumi}?metadata=skip`,
    PULUMI_HOME: paths.pulumiHome,
    PULUMI_CONFIG_PASSPHRASE: credentials.passphrase,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // There is no network to get plugins from: a missing one is an error at once.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    // Pulumi's programs live for minutes at most, and the machine's processors are what a run waits for.
    GOGC: "200",
    PROXMOX_VE_API_TOKEN: `${apiTokenId}=${credentials.apiTokenSecret}`,
    PROXMOX_VE_SSH_USERNAME: "root",
    PROXMOX_VE_SSH_PRIVATE_KEY: credentials.ssh.privateKey,
    OP_CONNECT_TOKEN: credentials.connectToken,
  };
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
