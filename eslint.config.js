import pulumi from "@pulumi/eslint-plugin";
import tseslint from "typescript-eslint";
import { walls } from "./test/walls.ts";

export default tseslint.config(
  { ignores: ["node_modules", ".lab*", "toolchain/bootstrap.mjs", "eslint.config.js"] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { "@pulumi": pulumi, house: { rules: { walls } } },
    rules: {
      "house/walls": "error",
      "@pulumi/no-output-in-template-literal": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
    },
  },
  // node:test-like blocks of mocha return promises that mocha awaits.
  {
    files: ["test/**/*.ts", "lab/test/**/*.ts"],
    rules: { "@typescript-eslint/no-unused-expressions": "off" },
  },
);
