// What JavaScript adds to the desk: keys, a filter, and what govuk-frontend does. Nothing needs it.
import { initAll } from './govuk-frontend.min.js'

const WRITTEN_IN = 'input:not([type=radio]):not([type=checkbox]), select, textarea, [contenteditable]'
const KEYS_OFF = 'desk-keys-off'

document.body.classList.add('js-enabled', 'govuk-frontend-supported')
initAll()

const form = document.getElementById('choose')

function words (text) {
  return text.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean)
}

// Of the departments, those whose name has words that begin as what is sought.
function startFilter (box) {
  const field = box.querySelector('input')
  const found = box.querySelector('[role=status]')
  const departments = [...form.querySelectorAll('[data-department]')]

  function matching () {
    const sought = words(field.value)
    return departments.filter(each => {
      const name = words(each.dataset.department)
      return sought.every(start => name.some(word => word.startsWith(start)))
    })
  }
  function filter () {
    const matches = matching()
    for (const each of departments) {
      each.closest('.govuk-radios__item').hidden = !each.checked && !matches.includes(each)
    }
    const many = matches.length === 1 ? '1 department' : `${matches.length} departments`
    found.textContent = field.value ? many : ''
  }
  field.addEventListener('input', filter)
  field.addEventListener('keydown', event => {
    if (event.key === 'Escape') {
      field.value = ''
      filter()
    }
    // Enter chooses what was found; it would send the form.
    if (event.key === 'Enter') {
      event.preventDefault()
      const [first] = matching()
      if (field.value && first) choose(first)
    }
  })
  box.hidden = false
}

function choose (radio) {
  radio.click()
  radio.focus()
}

function press (element) {
  if (element.matches('[type=radio]')) return choose(element)
  if (element.matches('summary')) {
    const details = element.parentElement
    details.open = true
    return details.querySelector('[type=radio]').focus()
  }
  return element.matches('input') ? element.focus() : element.click()
}

// One key chooses. Never where somebody writes, nor with a modifier, nor where keys are turned off.
function onKey (event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat) return
  if (document.body.classList.contains(KEYS_OFF) || event.target.closest(WRITTEN_IN)) return
  if (event.key === 'Enter' && form && event.target === document.body) {
    return form.requestSubmit(document.getElementById('send'))
  }
  const element = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`)
  if (element) {
    event.preventDefault()
    press(element)
  }
}

// WCAG 2.1.4: whoever speaks to their computer, or hits keys by chance, turns them off.
function startSwitch (button) {
  function show () {
    const off = localStorage.getItem(KEYS_OFF) !== null
    document.body.classList.toggle(KEYS_OFF, off)
    button.textContent = off ? 'Turn keys on' : 'Turn keys off'
  }
  button.addEventListener('click', () => {
    if (localStorage.getItem(KEYS_OFF) === null) localStorage.setItem(KEYS_OFF, '')
    else localStorage.removeItem(KEYS_OFF)
    show()
  })
  show()
  button.hidden = false
}

const filterBox = document.getElementById('desk-filter')
if (filterBox) startFilter(filterBox)
const keysSwitch = document.getElementById('desk-keys')
if (keysSwitch) startSwitch(keysSwitch)
if (localStorage.getItem(KEYS_OFF) !== null) document.body.classList.add(KEYS_OFF)
document.addEventListener('keydown', onKey)
