// Loaded before a program, says on standard error what that loads, a URL a line.
import { register } from 'node:module';

const hooks = `export const resolve = async (specifier, context, next) => {
  const resolved = await next(specifier, context);
  process._rawDebug(resolved.url);
  return resolved;
};`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
