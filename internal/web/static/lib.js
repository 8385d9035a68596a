// The libraries, in one place: Preact with its hooks and signals, and htm in place of JSX.
import { h } from './vendor/preact.js';
import htm from './vendor/htm.js';

export { h, render, Fragment, createContext } from './vendor/preact.js';
export { useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback, useContext, useId } from './vendor/hooks.js';
export { signal, computed, effect, batch, useSignal, useComputed, useSignalEffect } from './vendor/signals.js';

/** html`<p>${text}</p>` is a tree of elements. Text in it is never parsed as HTML. */
export const html = htm.bind(h);
