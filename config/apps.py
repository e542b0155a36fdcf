"""The admin site of Sandarbh: stock Django with our own title and permissions."""

from django.contrib.admin.apps import AdminConfig


class SandarbhAdminConfig(AdminConfig):
    default_site = "config.admin.SandarbhAdminSite"
