import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { Turn } from '../../state/conversation.ts';

/** How far from the end, in pixels, still counts as being there. */
const NEAR = 60;

/** Keeps the end of a growing conversation in sight, unless its reader has scrolled away from it. */
export function useFollow(scroller: RefObject<HTMLElement | null>, turns: readonly Turn[]): void {
  const isAtEnd = useRef(true);
  const count = useRef(0);
  useEffect(() => {
    const element = scroller.current;
    const onScroll = (): void => {
      if (element) isAtEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    };
    element?.addEventListener('scroll', onScroll, { passive: true });
    return () => element?.removeEventListener('scroll', onScroll);
  }, [scroller]);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (turns.length > count.current) isAtEnd.current = true;
    count.current = turns.length;
    if (element && isAtEnd.current) element.scrollTop = element.scrollHeight;
  });
}
