import { Controller, Get, Query as QueryParameters } from '@nestjs/common';
import { noFilter } from '../errors.js';
import type { Query } from '../oauth/consent.js';
import { channelTitle, isChannelId, uploadsPlaylistOf } from './channel-ids.js';
import { listOf, oneOf, partsOf, pick } from './parameters.js';
import { OfChannel, Serves } from './youtube-api.js';

const PARTS = ['id', 'snippet', 'contentDetails'] as const;

@Controller('youtube/youtube/v3/channels')
export class ChannelsController {
  @Get()
  @Serves('channels')
  list(@OfChannel() viewer: string, @QueryParameters() query: Query): object {
    const parts = partsOf(query, PARTS);
    const ids = listOf(query, 'id').filter(isChannelId);
    const isMine = oneOf(query, 'mine') === 'true';
    if (!isMine && !query.id) throw noFilter(['id', 'mine']);
    const items = (isMine ? [viewer] : ids).map((id) => viewChannel(id, viewer, parts));
    return { kind: 'youtube#channelListResponse', pageInfo: { totalResults: items.length, resultsPerPage: items.length }, items };
  }
}

function viewChannel(id: string, viewer: string, parts: readonly string[]): object {
  const title = channelTitle(id);
  return {
    kind: 'youtube#channel',
    id,
    ...pick(parts, {
      snippet: {
        title,
        description: '',
        customUrl: `@${id.toLowerCase()}`,
        publishedAt: '2024-01-01T00:00:00Z',
        thumbnails: {},
        localized: { title, description: '' },
      },
      contentDetails: { relatedPlaylists: { ...(id === viewer && { likes: 'LL' }), uploads: uploadsPlaylistOf(id) } },
    }),
  };
}
