/** Ids that are the same at every start, so that settings can name them. */
export const BOT_ID = '00000000-0000-4000-8000-00000000b071';
export const PERSON_ID = '00000000-0000-4000-8000-0000000e4501';
export const WORKSPACE_ID = '00000000-0000-4000-8000-0000000000a0';
/** With characters that not everybody takes for one. */
export const WORKSPACE_NAME = 'Simulator · Büro 🎬';
/** The page that holds the database, for databases that are made through the API, too. */
export const ROOT_PAGE_ID = '00000000-0000-4000-8000-0000000004a9';
export const DATABASE_ID = '00000000-0000-4000-8000-0000000000db';
/** The data source "Videos" of that database. */
export const DATA_SOURCE_ID = '00000000-0000-4000-8000-00000000da7a';
/** The data source "Channels" of that database. */
export const CHANNELS_DATA_SOURCE_ID = '00000000-0000-4000-8000-0000000da7ac';
