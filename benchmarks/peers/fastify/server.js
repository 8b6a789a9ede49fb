// What a Node developer would write who wants it fast: Fastify, pg with named statements, fast-jwt with its
// cache on, responses by compiled schemas. It does the work that Taskward does for the same requests: verify
// the token, validate strictly, filter by owner, one statement, and with LOG=on one log line by pino. A task with
// optional fields is one INSERT too; its table is that of schema.sql.
//
// DATABASE_URL, JWT_SECRET, HOST, PORT, WORKERS   as Taskward's
// LOG         on: one line per request, written at once
// POOL        connections to PostgreSQL of each worker

import cluster from 'node:cluster'
import { hash, randomUUID } from 'node:crypto'
import Fastify from 'fastify'
import { createVerifier } from 'fast-jwt'
import pg from 'pg'
import pino from 'pino'

const { DATABASE_URL, JWT_SECRET, HOST = '127.0.0.1', PORT = '3000', LOG = 'on' } = process.env
const WORKERS = Number(process.env.WORKERS ?? 1)
const POOL = Number(process.env.POOL ?? 10)

async function serve () {
  // "2026-01-02 03:04:05.123456+00" -> RFC 3339, without the detour of a Date
  const timestamptz = pg.types.builtins.TIMESTAMPTZ
  pg.types.setTypeParser(timestamptz, text => `${text.slice(0, 10)}T${text.slice(11, -3)}Z`)
  const query = pooled()
  const log = LOG === 'on' ? pino({ base: null }, pino.destination({ dest: 1, sync: false, minLength: 0 })) : null

  const verify = createVerifier({
    key: JWT_SECRET,
    algorithms: ['HS256'],
    requiredClaims: ['sub', 'exp'],
    cache: 10_000,
    cacheTTL: 3_600_000,
    cacheKeyBuilder: token => hash('sha256', token, 'base64')
  })

  const app = Fastify({ logger: false, genReqId: () => randomUUID() })
  app.decorateRequest('owner', null)

  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    reply.header('x-content-type-options', 'nosniff')
    reply.header('referrer-policy', 'no-referrer')
    reply.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
    reply.header('cache-control', 'no-store')
    const { authorization } = request.headers
    if (authorization === undefined || !authorization.startsWith('Bearer ')) {
      reply.code(401).send({ error: 'Invalid or missing authentication token', code: 'UNAUTHORIZED' })
      return
    }
    try {
      request.owner = verify(authorization.slice(7)).sub
    } catch {
      reply.code(401).send({ error: 'Authentication token is invalid', code: 'INVALID_TOKEN' })
      return
    }
    done()
  })

  if (log) app.addHook('onResponse', (request, reply, done) => {
    log.info({
      request_id: request.id,
      method: request.method,
      path: request.url,
      status: reply.statusCode,
      duration_ms: reply.elapsedTime,
      user_id: request.owner
    }, 'request')
    done()
  })

  app.get('/api/tasks', { schema: LIST }, async request => {
    const { limit } = request.query
    const { rows } = await query(list([request.owner, limit + 1]))
    const follows = rows.length > limit
    if (follows) rows.pop()
    return { tasks: rows, next_cursor: follows ? rows[limit - 1].id : null }
  })

  app.get('/api/tasks/:id', { schema: ONE }, async (request, reply) => {
    const { rows } = await query(one([request.owner, request.params.id]))
    if (rows.length === 0) {
      reply.code(404)
      return { error: 'Task not found', code: 'NOT_FOUND' }
    }
    return rows[0]
  })

  app.post('/api/tasks', { schema: CREATE }, async (request, reply) => {
    const { description, is_completed: isCompleted } = request.body
    const title = request.body.title.trim()
    if (title === '') {
      reply.code(400)
      return { error: 'Validation failed', code: 'VALIDATION_ERROR' }
    }
    const text = description?.trim() || null
    const values = [request.owner, title, title.toLowerCase(), text, text && text.toLowerCase(), isCompleted]
    const { list_id: listId, due, priority, labels } = request.body
    if (listId || due || priority || labels) return createReal(values, request.body, reply)
    const { rows } = await query(create(values))
    reply.code(201).header('location', `/api/tasks/${rows[0].id}`)
    return rows[0]
  })

  async function createReal (values, { list_id: listId, due, priority, labels }, reply) {
    const kept = labels && [...new Set(labels.map(label => label.trim()))].sort()
    try {
      const { rows } = await query(createWithFields([
        ...values, listId, due && `${due.date}T${due.time ?? '24:00'}`, due?.time_zone && `${due.date} ${due.time}`,
        due?.time_zone, priority && PRIORITIES.indexOf(priority) + 1, kept
      ]))
      reply.code(201).header('location', `/api/tasks/${rows[0].id}`)
      return { ...rows[0], due, priority, labels: kept, list_id: listId }
    } catch (error) {
      const problem = PROBLEMS[error.code]
      if (problem === undefined) throw error
      reply.code(400)
      return { error: problem, code: 'VALIDATION_ERROR' }
    }
  }

  await app.listen({ host: HOST, port: Number(PORT), backlog: 2048 })
}

function pooled () {
  const pool = new pg.Pool({ connectionString: DATABASE_URL, max: POOL })
  return statement => pool.query(statement)
}

function named (name, text) {
  return values => ({ name, text, values })
}

const COLUMNS = 'id, user_id, title, description, is_completed, created_at, updated_at'

const list = named('list',
  `SELECT ${COLUMNS} FROM tasks WHERE user_id = $1 ORDER BY id DESC LIMIT $2`)

const one = named('one',
  `SELECT ${COLUMNS} FROM tasks WHERE user_id = $1 AND id = $2`)

// The peer has no counter of its owner's writes; its tasks get one number that nobody reads.
const create = named('create',
  `INSERT INTO tasks (id, user_id, title, title_folded, description, description_folded, is_completed,
     created_at, updated_at, version)
   VALUES (uuidv7(), $1, $2, $3, $4, $5, $6, now(), now(), 0) RETURNING ${COLUMNS}`)

// PostgreSQL computes the instant, and refuses a time zone that there is not.
const createWithFields = named('create with fields',
  `INSERT INTO peer_tasks (id, user_id, title, title_folded, description, description_folded, is_completed,
     created_at, updated_at, version, list_id, due_key, due_utc, due_zone, priority, labels)
   VALUES (uuidv7(), $1, $2, $3, $4, $5, $6, now(), now(), 0,
     $7, $8, $9::timestamp AT TIME ZONE $10, $10, $11, $12) RETURNING ${COLUMNS}`)

const PROBLEMS = {
  23503: 'List not found',
  22008: 'Due date must be a day of the calendar',
  22023: 'Due time zone must be a name like Europe/Berlin'
}
const PRIORITIES = ['low', 'medium', 'high', 'urgent']

const UUID = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$'
const STRING = { type: 'string' }
const DUE = { type: 'object', properties: { date: STRING, time: STRING, time_zone: STRING } }
const TASK = {
  type: 'object',
  properties: {
    id: STRING,
    user_id: STRING,
    title: STRING,
    description: { type: ['string', 'null'] },
    is_completed: { type: 'boolean' },
    created_at: STRING,
    updated_at: STRING
  }
}
const TASK_WITH_FIELDS = {
  type: 'object',
  properties: {
    ...TASK.properties,
    list_id: STRING,
    due: DUE,
    priority: STRING,
    labels: { type: 'array', items: STRING }
  }
}
const ERROR = { type: 'object', properties: { error: STRING, code: STRING } }
const LIST = {
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: { limit: { type: 'integer', minimum: 1, maximum: 1000, default: 1000 } }
  },
  response: {
    200: {
      type: 'object',
      properties: {
        tasks: { type: 'array', items: TASK },
        next_cursor: { type: ['string', 'null'] }
      }
    }
  }
}
const ONE = {
  params: { type: 'object', properties: { id: { type: 'string', pattern: UUID } } },
  response: { 200: TASK, 404: ERROR }
}
const CREATE = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['title'],
    properties: {
      title: { type: 'string', minLength: 1, maxLength: 200 },
      description: { type: ['string', 'null'], maxLength: 2000 },
      is_completed: { type: 'boolean', default: false },
      list_id: { type: 'string', pattern: UUID },
      due: {
        type: 'object',
        additionalProperties: false,
        required: ['date'],
        dependencies: { time_zone: ['time'] },
        properties: {
          date: { type: 'string', pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' },
          time: { type: 'string', pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' },
          time_zone: { type: 'string', maxLength: 64 }
        }
      },
      priority: { enum: PRIORITIES },
      labels: { type: 'array', maxItems: 20, items: { type: 'string', minLength: 1, maxLength: 50 } }
    }
  },
  response: { 201: TASK_WITH_FIELDS, 400: ERROR }
}

if (cluster.isPrimary && WORKERS > 1) {
  for (let n = 0; n < WORKERS; n++) cluster.fork()
  process.once('SIGTERM', () => Object.values(cluster.workers).forEach(worker => worker.kill('SIGTERM')))
} else {
  await serve()
  process.once('SIGTERM', () => process.exit(0))
}
