import { readFileSync } from "node:fs";

function text(file: string): string {
  return readFileSync(new URL(`./scripts/${file}`, import.meta.url), "utf8");
}

/** What every script begins with; see scripts/step.sh. */
export const stepScript = text("step.sh");

/** Scripts that run on machines, each whole: its functions, then its call. */
export const scripts = {
  prepare: stepScript + text("prepare.sh"),
  stage: stepScript + text("stage.sh"),
  node: stepScript + text("unit.sh") + text("node.sh"),
  admit: stepScript + text("admit.sh"),
  dismiss: stepScript + text("dismiss.sh"),
  kubeconfig: stepScript + text("kubeconfig.sh"),
} as const;
