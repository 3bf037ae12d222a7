/** Repositories that Argo CD reads. */

/** Where a repository is, as far as networks and logins care. */
export interface RepositoryPlace {
  readonly by: "https" | "ssh";
  readonly host: string;
  readonly port: number;
}

const host = "((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?)";
const httpsForm = new RegExp(`^https://${host}(?::([1-9]\\d{0,4}))?/\\S+$`);
const sshForm = new RegExp(`^ssh://[\\w.-]+@${host}(?::([1-9]\\d{0,4}))?/\\S+$`);
const shortForm = new RegExp(`^[\\w.-]+@${host}:(?!/)\\S+$`);

/**
 * The place of a repository's address: `https://HOST/PATH`, `ssh://USER@HOST/PATH` or `USER@HOST:PATH`; undefined for
 * anything else, such as an address with a password in it.
 * @see https://github.com/argoproj/argo-cd/blob/v3.4.4/util/git/git.go
 */
export function repositoryPlace(url: string): RepositoryPlace | undefined {
  const [https, ssh, short] = [httpsForm.exec(url), sshForm.exec(url), shortForm.exec(url)];
  if (https?.[1] !== undefined)
    return { by: "https", host: https[1], port: Number(https[2] ?? 443) };
  if (ssh?.[1] !== undefined) return { by: "ssh", host: ssh[1], port: Number(ssh[2] ?? 22) };
  if (short?.[1] !== undefined) return { by: "ssh", host: short[1], port: 22 };
  return undefined;
}

/** Hosts whose SSH keys the chart brings (values.yaml, `configs.ssh.knownHosts`), all at port 22. */
const knownHosts: readonly string[] = [
  "bitbucket.org",
  "github.com",
  "gitlab.com",
  "ssh.dev.azure.com",
  "vs-ssh.visualstudio.com",
];

/** Whether a host's SSH key is known: by the chart, or by a line of `ssh-keyscan` among these. */
export function isKnownHost({ host, port }: RepositoryPlace, lines: readonly string[]): boolean {
  const name = port === 22 ? host : `[${host}]:${port}`;
  if (port === 22 && knownHosts.includes(host)) return true;
  if (host === "ssh.github.com" && port === 443) return true;
  return lines.some((line) => (line.split(" ")[0] ?? "").split(",").includes(name));
}

/** A repository with its login, as keys of its Secret; all plain. */
export interface RepositoryLogin {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly sshPrivateKey?: string;
}

/** Label by which Argo CD finds a repository's Secret (argo-cd docs/operator-manual/declarative-setup.md). */
export const repositoryLabels = { "argocd.argoproj.io/secret-type": "repository" } as const;

/** Content of a repository's Secret. A key of SSH needs its last line end, which 1Password's fields lose. */
export function repositoryData(name: string, login: RepositoryLogin): Record<string, string> {
  const { url, username, password, sshPrivateKey } = login;
  return {
    ...{ type: "git", name, url },
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(sshPrivateKey === undefined ? {} : { sshPrivateKey: `${sshPrivateKey.trimEnd()}\n` }),
  };
}
