from django.contrib import admin
from django.utils.translation import gettext_lazy as _


class SandarbhAdminSite(admin.AdminSite):
    site_title = _("Sandarbh")
    site_header = _("Sandarbh: editors")
    index_title = _("What can be edited")
