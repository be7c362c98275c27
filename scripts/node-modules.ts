import { isBuiltin } from 'node:module';
import type { Plugin } from 'esbuild';

/** What the virtual modules are called that stand for those of Node. */
const NAMESPACE = 'node-module';

/**
 * Asks Node for its modules where the text imports them. For an `import` Node reads every export, and the getters among
 * them load what nobody wants: that of `node:http` Node's own fetch and WebSocket, 18 ms of a start on Node 24.
 *
 * @param options.isOurs whether a file is made of sources of this repository alone. Packages may ask for names that only
 * another version of Node than the one that builds has.
 */
export function nodeModules({ isOurs }: { isOurs: (file: string) => boolean }): Plugin {
  return {
    name: 'node-modules',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ path, kind, importer }) =>
        kind === 'import-statement' && isBuiltin(path) && isOurs(importer)
          ? { path, namespace: NAMESPACE, sideEffects: false }
          : undefined,
      );
      onLoad({ filter: /./, namespace: NAMESPACE }, ({ path }) => {
        // In an order that is the same in every version.
        const names = Object.getOwnPropertyNames(process.getBuiltinModule(path) ?? {}).sort();
        return {
          // Each is pure, so that only what is used stays.
          contents: [
            `const all = /* @__PURE__ */ (() => process.getBuiltinModule('${path}'))();`,
            'export default all;',
            ...names.filter(isExported).map((name) => `export const ${name} = /* @__PURE__ */ (() => all.${name})();`),
          ].join('\n'),
        };
      });
    },
  };
}

/** Every name is one that a module can export, but for the default that some have. */
function isExported(name: string): boolean {
  return /^[a-zA-Z_$][\w$]*$/.test(name) && name !== 'default';
}
