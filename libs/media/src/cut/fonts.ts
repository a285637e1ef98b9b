import { createRequire } from 'node:module';

/** The family that captions in the picture have unless a channel has one of its own. */
export const CAPTION_FONT = 'Montserrat';

const find = createRequire(import.meta.url).resolve;
/** The files of the fonts that come with the product (SIL Open Font License). */
export const FONT_FILES: readonly string[] = [find('@expo-google-fonts/montserrat/700Bold/Montserrat_700Bold.ttf')];
