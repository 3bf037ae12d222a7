/** The site's own authority, as workloads and devices are told of it. */
import { run } from "./command.ts";

/** A file inside the lab with the certificate of a site's authority, by which curl verifies what it signed. */
export async function trustFile(site = "home"): Promise<string> {
  const path = "jsonpath={.data.tls\\.crt}";
  const encoded =
    await run`kubectl --context ${site} get secret -n cert-manager internal-ca -o ${path}`;
  return written(Buffer.from(encoded, "base64").toString());
}

/** Writes certificates to a file of the lab's HOME; gives its path. */
export async function written(certificates: string): Promise<string> {
  const write = 'printf %s "$1" >"$HOME/trusted.crt" && printf %s "$HOME/trusted.crt"';
  return run`sh -c ${write} - ${certificates}`;
}
