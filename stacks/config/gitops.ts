import { z } from "zod";

/** Who looks after what a part or an application brings; its namespace, and what leads to it, are the program's. */
export const gitops = z
  .enum(["argocd"])
  .optional()
  .meta({
    description:
      "`argocd` hands it over to Argo CD, which brings it from `homelab:argocd.gitops`; the program's without (docs/argocd.md)",
    examples: ["argocd"],
  });

/** Whether something is handed over. */
export type Gitops = z.infer<typeof gitops>;
