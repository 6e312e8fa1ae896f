"""Every setting of the portal, read from the environment and safe when nothing is said.

The environment may stand in a file `.env` beside manage.py; `make run` writes one for the
demonstration. docs/operations.md lists the variables.
"""

from datetime import date
from pathlib import Path

import django_include_bootstrap
import environ
from csp.constants import NONE, SELF
from django.contrib.messages import constants as messages
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(env.str("JFO_ENV_FILE", default=str(BASE_DIR / ".env")))

# The demonstration: made-up people with a known password, the calendar stopped at the report's date.
DEMONSTRATION: bool = env.bool("JFO_DEMONSTRATION", default=False)
DEMO_PASSWORD: str = env.str("JFO_DEMO_PASSWORD", default="demonstration")
DEBUG: bool = env.bool("JFO_DEBUG", default=False)

SECRET_KEY: str = env.str("JFO_SECRET_KEY", default="")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "JFO_SECRET_KEY is not set. `make setup` writes one into .env; in production, set it in the environment."
    )
ALLOWED_HOSTS: list[str] = env.list("JFO_ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("JFO_TRUSTED_ORIGINS", default=[])

# The day the portal takes for today. None follows the calendar; the demonstration stands on the report's day.
_today = env.str("JFO_TODAY", default="2011-03-31" if DEMONSTRATION else "")
TODAY: date | None = date.fromisoformat(_today) if _today else None
# An open-ended assignment longer than this many years needs a review date (domain rule 4).
TENURE_POLICY_YEARS: int = env.int("JFO_TENURE_POLICY_YEARS", default=5)
# A joint management team that has not met for more days than this has somebody asked why. The evaluation names no
# interval; half a year leaves room for two meetings in a year, between one yearly participation review and the next.
JMT_QUIET_DAYS: int = env.int("JFO_JMT_QUIET_DAYS", default=180)
# An IMS file entered more days than this after it was opened came late: a month, after which figures are drawn.
IMS_LATE_DAYS: int = env.int("JFO_IMS_LATE_DAYS", default=30)
# A figure about fewer officers than this is not shown outside their region.
SMALL_GROUP: int = 5
# The sensitivity mark at the top of every page, by language.
MARKING = {
    "en": env.str("JFO_MARKING_EN", default="UNCLASSIFIED" if DEMONSTRATION else "PROTECTED B"),
    "fr": env.str("JFO_MARKING_FR", default="NON CLASSIFIÉ" if DEMONSTRATION else "PROTÉGÉ B"),
}

# The first app's part of a page that several contribute to comes first.
INSTALLED_APPS = [
    "jfo_portal.kit",
    "registry",
    "wca",
    "performance",
    "jfo_portal.apps.Admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "jfo_portal.apps.StaticFiles",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_filters",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "import_export",
    "simple_history",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "jfo_portal.urls"
WSGI_APPLICATION = "jfo_portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "jfo_portal.kit.views.frame",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "jfo_portal.kit.templatetags.kit"],
        },
    },
]

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE makes writers queue at BEGIN, so that what a transaction checked still holds when it writes.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # The portal's queries take milliseconds; PostgreSQL would first compile the longest of them, which takes more.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c jit=off")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "registry.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
# In the database alone: a cache of each process would keep a session that another process has ended.
SESSION_ENGINE = "django.contrib.sessions.backends.db"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["jfo_portal.formats"]
USE_I18N = True
# Grouping is asked for where a number is printed, so that a year never becomes 2,012.
USE_THOUSAND_SEPARATOR = False
USE_TZ = True
TIME_ZONE = env.str("JFO_TIME_ZONE", default="America/Toronto")

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# What takes long is done by `manage.py jobs`, one thing after another.
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
# An import of more rows than this is previewed and saved in the background.
IMPORT_MOST_AT_ONCE: int = env.int("JFO_IMPORT_MOST_AT_ONCE", default=2_000)

# Bootstrap's own files from its package, under a prefix of ours: the package's paths are generic.
_bootstrap = Path(django_include_bootstrap.__path__[0]) / "static"
STATICFILES_DIRS = [BASE_DIR / "static", ("bootstrap", _bootstrap)]

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# One dict, so that the move to Django 6's own policy is a rename.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
        # Bootstrap draws its select arrows and check marks from data: images in its style sheet.
        "img-src": [SELF, "data:"],
    }
}
X_FRAME_OPTIONS = "DENY"
# Bootstrap's word for an error; templates/base.html also makes it an alert to assistive technology.
MESSAGE_TAGS = {messages.ERROR: "danger"}
SECURE_REFERRER_POLICY = "same-origin"
# HTTPS everywhere unless the demonstration or a developer serves plain HTTP on this machine alone.
_https = env.bool("JFO_HTTPS", default=not (DEMONSTRATION or DEBUG))
SECURE_SSL_REDIRECT = _https
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_AGE = 8 * 60 * 60
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("JFO_BEHIND_PROXY", default=False) else None

DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
# The largest spreadsheet an import takes, in bytes.
IMPORT_MAX_BYTES = 10 * 1024 * 1024
# The largest document of an arrangement, in bytes.
DOCUMENT_MAX_BYTES: int = env.int("JFO_DOCUMENT_MB", default=20) * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": env.str("JFO_LOG_LEVEL", default="INFO")},
}
