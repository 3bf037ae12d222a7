/** The real Kustomize, which is in kubectl, with the real Helm: what Argo CD's reader of repositories runs. */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import type { Tree } from "../../../components/argocd/gitops/tree.ts";

/** An object as YAML says it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [key: string]: unknown;
}

/** A chart that a tree names: its folder stands for its repository, which nobody asks here. */
export interface LocalChart {
  readonly folder: string;
  readonly name: string;
  readonly version: string;
}

/** Capabilities as Argo CD gives them on from the cluster (argo-cd v3.4.4: util/kustomize/kustomize.go). */
const capabilities = ["--helm-kube-version", "v1.36.3", "--helm-api-versions", "example.net/v1"];

/** The objects of a tree. */
export async function build(tree: Tree, chart?: LocalChart): Promise<readonly Manifest[]> {
  const folder = mkdtempSync(join(tmpdir(), "homelab-tree-"));
  try {
    for (const [file, text] of Object.entries(tree)) writeFileSync(join(folder, file), text);
    if (chart !== undefined) {
      const { name, version } = chart;
      const place = join(folder, "charts", `${name}-${version}`);
      mkdirSync(place, { recursive: true });
      cpSync(chart.folder, join(place, name), { recursive: true });
    }
    const args = ["kustomize", folder, "--enable-helm", "--helm-command", "helm", ...capabilities];
    return documents((await promisify(execFile)("kubectl", args)).stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Objects of YAML in the order of their names. */
export function documents(text: string): readonly Manifest[] {
  const all = parseAllDocuments(text).flatMap((one) => (one.toJS() as Manifest | null) ?? []);
  return all.sort((a, b) => title(a).localeCompare(title(b)));
}

/** An object's name. */
export function title({ kind, metadata: { namespace = "", name } }: Manifest): string {
  return `${kind} ${namespace}/${name}`;
}
